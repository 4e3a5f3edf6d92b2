#include "pg/durable/cancel_job.hpp"

#include "pg/durable/alone.hpp"
#include "pg/durable/at_commit.hpp"
#include "pg/durable/cancel_wish.hpp"
#include "pg/durable/job_end.hpp"
#include "pg/durable/job_lock.hpp"
#include "pg/durable/pause.hpp"
#include "pg/durable/step_table.hpp"
#include "pg/durable/top_level.hpp"

namespace pgcrew::bgjob {
namespace {

JobOutcome cancelled(TimestampTz began, const std::string &reason) {
    return {DurableState::Cancelled, began, std::nullopt, sqlstate::query_canceled.text(), reason};
}

// Its worker looks for this before it goes on, suspends or tries again. False if the row is locked,
// or no worker comes to the job in its state.
bool mark(JobTable &jobs, const DurableJob &job, const std::string &reason) {
    if (job.state != DurableState::Paused && !may_be_claimed(job.state))
        return false;
    const TimestampTz now = GetCurrentTimestamp();
    const DurableState state = job.state == DurableState::Paused ? DurableState::Ready : job.state;
    if (!jobs.update(job, {{job_column::CancelAsked, Value(true)},
                           {job_column::State, state_value(state)},
                           {job_column::Message, Value(reason)},
                           {job_column::DueAt, time_value(now)}}))
        return false;
    forget_pause(job.id);
    tell_of_due_job(now);
    wish_at_commit(job.id, reason, Wish::Written);
    return true;
}

bool cancel_workflow(JobTable &jobs, const DurableJob &job, const std::string &reason) {
    if (!lock_job_until_commit(job.id))
        return mark(jobs, job, reason);
    const bool undo = !StepTable().load(job.id).undo_left().empty();
    const DurableState state = advance(job.state, DurableEvent::Cancel, {.undo_left = undo});
    if (finished(state)) {
        if (!jobs.remove(job))
            return false;
        end_job(job, cancelled(job.began_at, reason));
    } else {
        const TimestampTz now = GetCurrentTimestamp();
        if (!jobs.update(job, {{job_column::CancelAsked, Value(true)},
                               {job_column::State, state_value(state)},
                               {job_column::SqlStateOf, Value(sqlstate::query_canceled.text())},
                               {job_column::Message, Value(reason)},
                               {job_column::DueAt, time_value(now)}}))
            return false;
        forget_pause(job.id);
        tell_of_due_job(now);
    }
    return true;
}

// False if the row is in somebody's hands, so that nothing could be written.
bool cancel(JobTable &jobs, const DurableJob &job, TimestampTz began, const std::string &reason) {
    if (undoes(job.state))
        return true;
    if (job.kind == JobKind::Workflow)
        return cancel_workflow(jobs, job, reason);
    if (!jobs.remove(job))
        return false;
    end_job(job, cancelled(began, reason));
    return true;
}

// Its worker is told again, should it not have listened when it was told first.
bool settle(const CancelWish &wish) {
    if (!PrivateTable::exists("job"))
        return true;
    JobTable jobs;
    const std::optional<DurableJob> job = jobs.find(wish.job);
    if (!job || cancel(jobs, *job, 0, wish.reason))
        return true;
    wish_at_commit(wish.job, wish.reason, Wish::Written);
    return false;
}

} // namespace

void ask_to_cancel(int64 id, const std::string &reason) { cancel_interrupted(id, 0, reason); }

void cancel_child(int64 id, const std::string &reason) {
    JobTable jobs;
    const std::optional<DurableJob> job = jobs.find(id);
    if (!job || undoes(job->state))
        return;
    if (job->kind != JobKind::Workflow || !mark(jobs, *job, reason))
        ask_to_cancel(id, reason);
}

void cancel_interrupted(int64 id, TimestampTz began, const std::string &reason) {
    JobTable jobs;
    const std::optional<DurableJob> job = jobs.find(id);
    if (job && !cancel(jobs, *job, began, reason))
        wish_at_commit(id, reason, Wish::Unwritten);
}

bool settle_wishes(Oid database) {
    bool left = false;
    for (const CancelWish &wish : wishes_of(database)) {
        const bool settled = alone([&] { return bookkeeping([&] { return settle(wish); }); });
        if (settled)
            forget_wish(database, wish.job);
        left |= !settled;
    }
    return left;
}

} // namespace pgcrew::bgjob
