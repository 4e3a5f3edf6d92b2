#include "pg/durable/job_end.hpp"

#include "pg/durable/at_commit.hpp"
#include "pg/durable/await.hpp"
#include "pg/durable/cancel_job.hpp"
#include "pg/durable/child_table.hpp"
#include "pg/durable/history_of_jobs.hpp"
#include "pg/durable/pause.hpp"
#include "pg/durable/schedule_run.hpp"
#include "pg/durable/signal_table.hpp"
#include "pg/durable/task_table.hpp"
#include "pg/fault.hpp"

namespace pgcrew::bgjob {
namespace {

void tell_parent(const DurableJob &job, const JobOutcome &outcome) {
    const bool of_map = ChildTable().note_end(job.parent, {.job = job.id,
                                                           .state = outcome.state,
                                                           .sqlstate = outcome.sqlstate,
                                                           .message = outcome.message,
                                                           .result = outcome.result});
    const bool another_runs = of_map && outcome.state == DurableState::Succeeded &&
                              give_turns(job.parent, job.id, 1).count == 1;
    if (!another_runs)
        tell_of_event(job.parent);
}

} // namespace

TurnsGiven give_turns(int64 parent, int64 after, int most) {
    ChildTable children;
    JobTable jobs;
    const TimestampTz now = GetCurrentTimestamp();
    TurnsGiven given{};
    // Those that end at the same moment want the same ones: mostly they are few.
    for (std::size_t at_once = 4; given.count < most; at_once = 64) {
        const std::vector<int64> waiting = children.waiting(parent, after, at_once);
        for (const int64 id : waiting) {
            after = id;
            const std::optional<DurableJob> job = jobs.find(id);
            if (!job || job->state != DurableState::Scheduled)
                continue;
            if (!jobs.update(*job, {{job_column::DueAt, time_value(now)}}) ||
                !children.give_turn(parent, id))
                given.passed_over = true;
            else if (++given.count == most)
                break;
        }
        if (waiting.size() < at_once)
            break;
    }
    if (given.count > 0)
        tell_of_due_job(now);
    return given;
}

void cancel_children(int64 parent, const std::string &reason, int64 first) {
    for (const ChildMark &child : ChildTable().marks(parent, first)) {
        if (child.state == DurableState::None)
            cancel_child(child.job, reason);
        check_for_interrupts();
    }
}

void end_job(const DurableJob &job, const JobOutcome &outcome) {
    fault_point("before_end");
    tell_of_end(job.id, outcome.state);
    if (job.kind == JobKind::Workflow) {
        cancel_children(job.id, "its parent has ended");
        SignalTable().remove_all(job.id);
        if (!withdraw_tasks(job.id))
            tell_of_event(job.id); // the dispatcher tries again
    }
    if (job.state == DurableState::Paused)
        forget_pause(job.id);
    if (job.parent != 0)
        tell_parent(job, outcome);
    if (job.schedule != 0)
        end_run(job.schedule, job.id);
    remember_job(job, outcome);
}

} // namespace pgcrew::bgjob
