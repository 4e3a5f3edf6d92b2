#include "pg/durable/pause.hpp"

#include "pg/durable/at_commit.hpp"

namespace pgcrew::bgjob {
namespace {

// In the order of sql/bgjob/1.0/control.sql.
enum Column : AttrNumber { Job = 1, DueAt };

[[noreturn]] void in_use(int64 id) {
    throw Error(sqlstate::object_in_use, "job " + std::to_string(id) + " is being run",
                "A job that is one statement goes on to its end.",
                "It can be cancelled with bgjob.cancel().");
}

// When it is due again. A workflow that waits looks for itself when it is resumed how long that is.
TimestampTz remembered_due(const DurableJob &job) {
    return job.state == DurableState::Waiting ? GetCurrentTimestamp() : job.due_at;
}

} // namespace

void pause_job(const DurableJob &job) {
    const DurableState state = advance(job.state, DurableEvent::Pause, {});
    if (state == job.state)
        return;
    if (!JobTable().update(job, {{job_column::State, state_value(state)},
                                 {job_column::DueAt, time_value(DT_NOEND)}}))
        in_use(job.id);
    PrivateTable("paused").insert({Value(job.id), time_value(remembered_due(job))});
}

void resume_job(const DurableJob &job) {
    const TimestampTz now = GetCurrentTimestamp();
    TimestampTz due_at = now;
    {
        PrivateTable paused("paused");
        if (const std::optional<PrivateRow> row = paused.find("paused_pkey", {job.id}))
            due_at = Max(row->time(DueAt), now);
        if (due_at == DT_NOEND) // of a map, whose turn may have passed it meanwhile
            due_at = now;
    }
    const DurableState state =
        advance(job.state, DurableEvent::Resume, {.due_later = due_at > now});
    if (!JobTable().update(job, {{job_column::State, state_value(state)},
                                 {job_column::DueAt, time_value(due_at)}}))
        in_use(job.id);
    forget_pause(job.id);
    tell_of_due_job(due_at);
}

void forget_pause(int64 job) {
    PrivateTable paused("paused");
    if (const std::optional<PrivateRow> row = paused.find("paused_pkey", {job}))
        (void)paused.remove(*row);
}

Rest rest_of(const DurableJob &job, DurableState state, TimestampTz due_at) {
    if (undoes(state) || state == DurableState::NeedsAttention)
        return {state, due_at};
    if (job.cancel_asked)
        return {DurableState::Ready, GetCurrentTimestamp()};
    if (job.state == DurableState::Paused)
        return {DurableState::Paused, DT_NOEND};
    return {state, due_at};
}

} // namespace pgcrew::bgjob
