#include "pg/durable/durable_workers.hpp"

#include "core/durable_state.hpp"
#include "core/flow_history.hpp"
#include "pg/access.hpp"
#include "pgcrew/args.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <miscadmin.h>
#include <storage/proc.h>
#include <utils/timestamp.h>
}

namespace pgcrew::bgjob {

std::vector<DurableWorker> durable_workers() {
    std::vector<DurableWorker> found;
    found.reserve(static_cast<std::size_t>(segment().worker_slots));
    Locked locked(LW_SHARED);
    const WorkerSlot *workers = locked.workers();
    for (int i = 0; i < segment().worker_slots; ++i) {
        const WorkerSlot &w = workers[i];
        if (w.state == WorkerState::Busy && w.database == MyDatabaseId && w.durable != 0 &&
            w.proc != nullptr && w.proc->pid == w.pid)
            found.push_back({w.pid, w.role, w.durable, w.durable_since, w.tickets});
    }
    return found;
}

TimestampTz runs_since(JobId job) {
    for (const DurableWorker &worker : durable_workers())
        if (worker.job == job)
            return worker.since;
    return 0;
}

PGCREW_FUNCTION(bgjob_durable_workers) {
    SetResult rows(fcinfo);
    for (const DurableWorker &w : durable_workers())
        if (may_use(w.role, w.role))
            rows.put({w.pid, w.role, w.job,
                      Value::datum(TimestampTzGetDatum(w.since), TIMESTAMPTZOID), w.in_hand});
    return rows.done();
}

PGCREW_FUNCTION(bgjob_state_name) {
    const Args args(fcinfo);
    const auto stored = stored_state(DatumGetInt16(args.datum(0))).value_or(DurableState::None);
    const TimestampTz due_at = args.is_null(1) ? DT_NOEND : DatumGetTimestampTz(args.datum(1));
    return result(fcinfo,
                  name(shown_state(stored, due_at, GetCurrentTimestamp(), args.boolean(2))));
}

PGCREW_FUNCTION(bgjob_entry_name) {
    const Args args(fcinfo);
    return Record(fcinfo).make({name(static_cast<EntryKind>(DatumGetInt16(args.datum(0)))),
                                name(static_cast<EntryState>(DatumGetInt16(args.datum(1))))});
}

} // namespace pgcrew::bgjob
