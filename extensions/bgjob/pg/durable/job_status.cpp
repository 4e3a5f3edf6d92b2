#include "pg/durable/job_status.hpp"

#include "pg/durable/durable_workers.hpp"
#include "pg/durable/flush.hpp"
#include "pg/durable/job_rights.hpp"
#include "pg/durable/optional_json.hpp"
#include "pgcrew/args.hpp"

namespace pgcrew::bgjob {
std::optional<EndedJob> find_job(int64 id) {
    // A job may move from one table to the other while it is looked for, or be retried.
    for (int i = 0; i < 2; ++i) {
        if (std::optional<DurableJob> live = JobTable().find(id))
            return EndedJob{std::move(*live)};
        if (std::optional<EndedJob> ended = find_ended_job(id))
            return ended;
    }
    return std::nullopt;
}

DurableState shown(const EndedJob &known, TimestampTz running_since) {
    if (known.ended_at != 0)
        return known.job.state;
    return shown_state(known.job.state, known.job.due_at, GetCurrentTimestamp(),
                       running_since != 0);
}

EndedJob look_at_job(int64 id) {
    std::optional<EndedJob> known = find_job(id);
    if (!known || !may_use_jobs_of(known->job.role))
        throw Error(sqlstate::undefined_object, "job " + std::to_string(id) + " does not exist",
                    "It has ended and is not remembered, or there was none.");
    if (known->ended_at != 0)
        flush_before_telling();
    return std::move(*known);
}

PGCREW_FUNCTION(bgjob_status) {
    const EndedJob known = look_at_job(Args(fcinfo).int64(0, "job"));
    const DurableJob &job = known.job;
    const TimestampTz running = known.ended_at == 0 ? runs_since(job.id) : 0;
    const DurableState state = shown(known, running);
    const bool waits = state == DurableState::Waiting || state == DurableState::Retrying ||
                       state == DurableState::NeedsAttention;
    const std::string waits_for = waits ? job.waits_for : std::string();
    const TimestampTz due_at =
        state == DurableState::Failed || job.due_at == DT_NOEND ? 0 : job.due_at;
    const OptionalJson result(known.result);
    return Record(fcinfo).make(
        {job.id, text_or_null(job.key), job.kind == JobKind::Workflow ? "workflow" : "statement",
         name(state), text_or_null(job.status), result.value(), text_or_null(job.sqlstate),
         text_or_null(job.message), job.attempt, job.cancel_asked, text_or_null(waits_for),
         time_value(waits ? job.waits_since : 0), time_value(job.enqueued_at), time_value(due_at),
         time_value(job.began_at != 0 ? job.began_at : running), time_value(known.ended_at)});
}

} // namespace pgcrew::bgjob
