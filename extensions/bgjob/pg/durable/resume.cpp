// After the start of the server: has every database looked at once, for durable jobs that were
// left. Shared memory knows nothing of them yet. A process of its own, for the supervisor has no
// access to catalogues; this one sees those that all databases share, as the autovacuum launcher
// does. As long as there are databases that allow no connections it comes again, for these.
#include "pg/durable/dispatcher.hpp"
#include "pg/durable/service_session.hpp"
#include "pg/durable/tickets.hpp"
#include "pgcrew/worker.hpp"
#include "pgcrew/xact.hpp"

#include <vector>

extern "C" {
#include <access/genam.h>
#include <access/htup_details.h>
#include <access/table.h>
#include <catalog/pg_database.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr int64 again_us = 60'000'000;

struct Database {
    Oid id;
    bool open; // to connections
};

std::vector<Database> databases() {
    std::vector<Database> found;
    std::size_t count = 0;
    const auto scan_all = [&count](Database *to, std::size_t room) {
        call([&] {
            Relation relation = table_open(DatabaseRelationId, AccessShareLock);
            SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, nullptr, 0, nullptr);
            count = 0;
            while (HeapTuple tuple = systable_getnext(scan)) {
                const auto *row = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple));
                if (row->datistemplate)
                    continue;
                if (count < room)
                    to[count] = {row->oid, row->datallowconn};
                ++count;
            }
            systable_endscan(scan);
            table_close(relation, AccessShareLock);
        });
    };
    do {
        found.resize(count);
        scan_all(found.data(), found.size());
    } while (count > found.size());
    found.resize(count);
    return found;
}

bool is_known(Oid database) {
    const Locked locked(LW_SHARED);
    return is_known_durable_database(locked, database);
}

} // namespace

PGCREW_WORKER(bgjob_resume_main, OnTerm::Flag) {
    segment();
    worker.connect(nullptr);
    settle_service_session();
    bool all = true;
    for (const Database &database : in_transaction([] { return databases(); })) {
        if (database.open && !is_known(database.id))
            want_dispatcher(database.id);
        all &= database.open;
    }
    if (!all)
        segment().resume_at = GetCurrentTimestamp() + again_us;
}

} // namespace pgcrew::bgjob
