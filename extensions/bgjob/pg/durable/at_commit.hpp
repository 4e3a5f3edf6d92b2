// What the dispatcher is told when the running transaction has committed: that there are new jobs,
// and which jobs something has happened to. Once a transaction, through shared memory; nothing if
// it rolls back. A crash in between loses nothing: a dispatcher that starts looks at all of it.
// What a prepared transaction has to tell the dispatcher finds by itself (prepared_news.hpp).
#pragma once
#include "pg/registry.hpp"

#include <vector>

namespace pgcrew::bgjob {

// A job is due then.
void tell_of_due_job(TimestampTz due_at);

// A signal, the end of a child or task, a wish to cancel: whatever the job may wait for or has to
// know.
void tell_of_event(JobId job);

// A task may be fetched then.
void tell_of_due_task(TimestampTz due_at);

// Options of queues have changed, or which of them are paused.
void tell_of_queues();

// Schedules have changed, or a run of one has ended.
void tell_of_schedules();

// For the dispatcher: the events that it was told of since the last call, in no order. `lost`:
// there were more than fit, any job may be concerned. `earliest`: of what became due, DT_NOEND if
// nothing. `task_due`: the same of tasks. `prepared_at`: when a transaction with news was last
// prepared, 0 for never. `deaths`: of workers.
struct News {
    std::vector<JobId> events;
    bool events_lost;
    bool queues_changed;
    TimestampTz earliest;
    bool schedules;
    TimestampTz task_due;
    TimestampTz prepared_at;
    std::vector<WorkerDeath> deaths;
};
News take_news(Oid database);

} // namespace pgcrew::bgjob
