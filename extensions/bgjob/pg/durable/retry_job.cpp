#include "pg/durable/retry_job.hpp"

#include "pg/durable/at_commit.hpp"
#include "pg/durable/child_table.hpp"
#include "pg/durable/job_end.hpp"
#include "pg/durable/job_lock.hpp"
#include "pg/durable/job_rights.hpp"
#include "pg/durable/step_table.hpp"
#include "pg/durable/task_table.hpp"
#include "pg/durable/unclean_ends.hpp"

namespace pgcrew::bgjob {
namespace {

[[noreturn]] void conflict() {
    throw Error(sqlstate::object_in_use, "job is being changed by another session");
}

// What could not be undone gets all its attempts again.
void renew_undo(const DurableJob &job) {
    StepTable steps;
    const FlowHistory history = steps.load(job.id);
    for (const HistoryEntry &entry : history.entries()) {
        if (entry.kind != EntryKind::Undo || entry.state != EntryState::Failed)
            continue;
        HistoryEntry renewed = entry;
        renewed.state = EntryState::Retrying;
        renewed.attempt = 0;
        renewed.due = 0;
        renewed.result.reset();
        steps.store(job.id, renewed, false);
    }
}

// What these steps and the later ones asked of others.
void forget_work(const DurableJob &job, const FlowHistory &history, std::int32_t first) {
    int64 child = 0; // the first one; theirs are the youngest
    for (const HistoryEntry &entry : history.entries())
        if (entry.seq >= first &&
            (entry.kind == EntryKind::Spawn || entry.kind == EntryKind::Map) &&
            entry.reference != 0 && (child == 0 || entry.reference < child))
            child = entry.reference;
    if (child != 0) {
        cancel_children(job.id, "its parent is retried from an earlier step", child);
        ChildTable().remove_all(job.id, child);
    }
    if (!withdraw_tasks(job.id))
        conflict();
}

void forget_from(const DurableJob &job, const std::string &step) {
    StepTable steps;
    const FlowHistory history = steps.load(job.id);
    std::int32_t first = 0;
    for (const HistoryEntry &entry : history.entries())
        if (entry.kind != EntryKind::Undo && entry.name == step)
            first = Max(first, entry.seq);
    if (first == 0)
        throw Error(sqlstate::undefined_object, "step \"" + step + "\" does not exist",
                    "The job has not come to a step of that name.");
    for (const HistoryEntry &entry : history.entries())
        if (entry.kind == EntryKind::Undo && entry.state == EntryState::Done &&
            entry.occurrence < first)
            throw Error(sqlstate::object_not_in_prerequisite_state,
                        "job cannot be retried from a step",
                        "Step \"" + entry.name + "\", which came before, has been undone.",
                        "Retry it without a step: it does again what was undone.");
    forget_work(job, history, first);
    steps.remove_from(job.id, first);
}

// A step that failed for good is tried again. What was undone has to be done again, all of it: some
// steps may build on others.
void renew_failures(const DurableJob &job) {
    StepTable steps;
    const FlowHistory history = steps.load(job.id);
    for (const HistoryEntry &entry : history.entries())
        if (entry.kind == EntryKind::Undo) {
            steps.remove_all(job.id);
            return;
        }
    for (const HistoryEntry &entry : history.entries()) {
        if (entry.state != EntryState::Failed)
            continue;
        HistoryEntry renewed = entry;
        renewed.state = EntryState::Retrying;
        renewed.attempt = 0;
        renewed.due = renewed.ended = 0;
        renewed.result.reset();
        steps.store(job.id, renewed, false);
    }
}

} // namespace

DurableJob bring_back(int64 id) {
    JobTable dead = JobTable::of_dead();
    const std::optional<DurableJob> job = dead.find(id);
    if (!job || !may_use_jobs_of(job->role))
        return require_job(id);
    if (!dead.remove(*job))
        conflict();
    JobTable jobs;
    jobs.insert(*job);
    return std::move(*jobs.find(id));
}

void retry_job(const DurableJob &job, const std::optional<std::string> &from_step) {
    const DurableState state =
        advance(job.state, DurableEvent::Retry, {.cancel_asked = job.cancel_asked});
    if (job.kind == JobKind::Workflow && !lock_job_until_commit(job.id))
        conflict();
    if (from_step && (undoes(state) || job.kind != JobKind::Workflow))
        throw Error(sqlstate::object_not_in_prerequisite_state, "job cannot be retried from a step",
                    undoes(state) ? "Its steps are being undone." : "It is one statement.");
    if (from_step)
        forget_from(job, *from_step);
    else if (state == DurableState::Ready && job.kind == JobKind::Workflow)
        renew_failures(job);
    if (undoes(state))
        renew_undo(job);
    forgive_unclean_ends(job.id);
    const TimestampTz now = GetCurrentTimestamp();
    if (!JobTable().update(job, {{job_column::State, state_value(state)},
                                 {job_column::Attempt, Value(int32{0})},
                                 {job_column::DueAt, time_value(now)},
                                 {job_column::WaitsSince, time_value(0)},
                                 {job_column::WaitsFor, Value(std::optional<std::string>())}}))
        conflict();
    tell_of_due_job(now);
}

} // namespace pgcrew::bgjob
