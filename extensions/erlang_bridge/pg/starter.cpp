// A worker that lives for a moment when the bridge worker starts: it looks into a database, which
// the bridge worker does not, and has the automatic nodes connected.
#include "pg/at_commit.hpp"
#include "pg/log.hpp"
#include "pg/node_table.hpp"
#include "pg/settings.hpp"
#include "pgcrew/worker.hpp"
#include "pgcrew/xact.hpp"

#include <vector>

extern "C" {
#include <commands/extension.h>
}

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

PGCREW_WORKER(erlang_bridge_starter_main, OnTerm::Interrupt) {
    worker.connect(settings::database);
    const std::vector<NodeRow> rows = in_transaction([] {
        return OidIsValid(call([] { return get_extension_oid("erlang_bridge", true); }))
                   ? automatic_nodes()
                   : std::vector<NodeRow>();
    });
    // Each for itself: one that finds no room does not keep the others from being connected.
    for (const NodeRow &row : rows) {
        try {
            in_transaction([&] { connect_at_commit({row.name, row.sealed, row.automatic}); });
        } catch (const Error &error) {
            log_not_connected(row.name.full().c_str(), error);
        }
    }
}
