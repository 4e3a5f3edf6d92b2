#include "pg/databases_in_demand.hpp"

#include "pg/durable/dispatcher.hpp"
#include "pg/pool.hpp"

extern "C" {
#include <catalog/pg_database.h>
#include <storage/lock.h>
}

namespace pgcrew::bgjob {
namespace {

bool in_demand(Oid database) {
    return call([&] {
        LOCKTAG tag;
        SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, database, 0);
        int holders = 0;
        (void)GetLockConflicts(&tag, RowExclusiveLock, &holders);
        return holders > 0;
    });
}

void dismiss_idle_workers_of(Oid database) {
    Locked locked(LW_EXCLUSIVE);
    WorkerSlot *workers = locked.workers();
    for (int i = 0; i < segment().worker_slots; ++i)
        if (workers[i].state == WorkerState::Idle && workers[i].database == database)
            dismiss(workers[i]);
}

} // namespace

bool leave_databases_in_demand() {
    bool workers_left = false;
    std::vector<Oid> databases;
    {
        Locked locked(LW_SHARED);
        const WorkerSlot *workers = locked.workers();
        for (int i = 0; i < segment().worker_slots; ++i) {
            workers_left |= workers[i].state != WorkerState::Free;
            if (workers[i].state == WorkerState::Idle)
                databases.push_back(workers[i].database);
        }
    }
    for (const Oid database : databases)
        if (in_demand(database))
            dismiss_idle_workers_of(database);
    const std::vector<Oid> dispatched = dispatched_databases();
    for (const Oid database : dispatched)
        if (in_demand(database))
            dismiss_dispatcher(database);
    return workers_left || !dispatched.empty();
}

} // namespace pgcrew::bgjob
