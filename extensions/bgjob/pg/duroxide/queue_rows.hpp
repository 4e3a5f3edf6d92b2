// New rows of the two queues. Within call(), after prepare_to_note_work().
#pragma once
#include "pg/duroxide/lease.hpp"
#include "pg/duroxide/work_signal.hpp"

namespace pgcrew::bgjob::duroxide {

// A message for an instance.
inline void add_message(Provider &provider, Datum instance, Datum item, TimestampTz now,
                        TimestampTz visible_at) {
    namespace c = orchestrator_queue;
    provider.insert(OrchestratorQueue,
                    Values{}
                        .set(c::Id, Int64GetDatum(provider.next_id(OrchestratorQueue)))
                        .set(c::InstanceId, instance)
                        .set(c::WorkItem, item)
                        .set(c::VisibleAt, TimestampTzGetDatum(visible_at))
                        .set(c::CreatedAt, TimestampTzGetDatum(now))
                        .set(c::AttemptCount, Int32GetDatum(0)));
    note_work(provider.schema(), Work::Turn, visible_at);
}

// What a worker shall do; null where it does not say.
struct Activity {
    Datum item;
    NullableDatum instance, execution, activity, session, tag;
};

inline void add_activity(Provider &provider, const Activity &activity, TimestampTz now) {
    namespace c = worker_queue;
    Values row;
    const auto set = [&](AttrNumber column, NullableDatum value) {
        if (!value.isnull)
            row.set(column, value.value);
    };
    row.set(c::Id, Int64GetDatum(provider.next_id(WorkerQueue)))
        .set(c::WorkItem, activity.item)
        .set(c::VisibleAt, TimestampTzGetDatum(now))
        .set(c::CreatedAt, TimestampTzGetDatum(now))
        .set(c::AttemptCount, Int32GetDatum(0));
    set(c::InstanceId, activity.instance);
    set(c::ExecutionId, activity.execution);
    set(c::ActivityId, activity.activity);
    set(c::SessionId, activity.session);
    set(c::Tag, activity.tag);
    provider.insert(WorkerQueue, row);
    const bool any = activity.session.isnull && activity.tag.isnull;
    note_work(provider.schema(), any ? Work::Activity : Work::Routed, now);
}

} // namespace pgcrew::bgjob::duroxide
