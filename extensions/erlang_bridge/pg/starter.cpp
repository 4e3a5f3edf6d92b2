// A worker that lives for a moment when the bridge worker starts: it looks into a database, which
// the bridge worker does not, and has the automatic nodes connected.
#include "pg/at_commit.hpp"
#include "pg/node_table.hpp"
#include "pg/settings.hpp"
#include "pgcrew/worker.hpp"
#include "pgcrew/xact.hpp"

extern "C" {
#include <commands/extension.h>
}

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

PGCREW_WORKER(erlang_bridge_starter_main, OnTerm::Interrupt) {
    worker.connect(settings::database);
    in_transaction([] {
        if (!OidIsValid(call([] { return get_extension_oid("erlang_bridge", true); })))
            return;
        for (const NodeRow &row : automatic_nodes())
            connect_at_commit({row.name, row.sealed, row.automatic});
    });
}
