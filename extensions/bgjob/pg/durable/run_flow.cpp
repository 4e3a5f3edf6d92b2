// A workflow's turn in a worker: enter the procedure, settle why it was left, and so on until it
// has to wait or has ended. A crash at any point is the same as leaving without a word: the next
// worker enters the procedure, and the history says how far it had come.
#include "pg/durable/run_flow.hpp"

#include "pg/durable/at_commit.hpp"
#include "pg/durable/extension_lock.hpp"
#include "pg/durable/failure_of_job.hpp"
#include "pg/durable/flow.hpp"
#include "pg/durable/flow_undo.hpp"
#include "pg/durable/in_hand.hpp"
#include "pg/durable/job_end.hpp"
#include "pg/durable/job_statement.hpp"
#include "pg/durable/pause.hpp"
#include "pg/durable/queue_cache.hpp"
#include "pg/durable/require_free.hpp"
#include "pg/durable/step_failure.hpp"
#include "pg/durable/step_table.hpp"
#include "pg/durable/top_level.hpp"
#include "pg/fault.hpp"
#include "pg/time_limit.hpp"
#include "pgcrew/memory.hpp"

#include <algorithm>

extern "C" {
#include <catalog/namespace.h>
#include <common/pg_prng.h>
#include <miscadmin.h>
#include <pgstat.h>
#include <utils/guc.h>
#include <utils/portal.h>
}

namespace pgcrew::bgjob {
namespace {

// While the procedure runs.
class Entered : NoCopy {
  public:
    explicit Entered(Flow &flow) noexcept { set_current_flow(&flow); }
    ~Entered() { set_current_flow(nullptr); }
};

// What its SQL sets holds for the whole session; the worker puts it back when the job has left.
void set_search_path(const std::string &path) {
    if (path == namespace_search_path)
        return;
    call([&] {
        (void)set_config_option("search_path", path.c_str(), PGC_USERSET, PGC_S_SESSION,
                                GUC_ACTION_SET, true, 0, false);
    });
}

// In a transaction. False if there is nothing to do for this worker.
bool take_up(Flow &flow) {
    const ActiveSnapshot snapshot;
    std::optional<DurableJob> job = JobTable().find(flow.id);
    if (!job || job->kind != JobKind::Workflow || !may_run(*job, GetCurrentTimestamp()))
        return false;
    flow.job = std::move(*job);
    const QueueOptions &queue = queue_of_id(flow.job.queue).options;
    wait_for_disk(queue.durability == Durability::Sync);
    flow.most_result = queue.max_result;
    flow.options = options_of_job(flow.job);
    flow.history = StepTable().load(flow.id);
    flow.began = GetCurrentTimestamp();
    flow.taken_up = true;
    fault_point("after_claim");
    call([&] { pgstat_report_activity(STATE_RUNNING, flow.job.command.c_str()); });
    return true;
}

bool to_be_undone(const Flow &flow) { return flow.job.cancel_asked || undoes(flow.job.state); }

void succeed(Flow &flow, std::optional<std::string> result) {
    JobTable jobs;
    std::optional<DurableJob> job = jobs.find(flow.job.id);
    require_free(job && jobs.remove(*job));
    job->status = flow.status.value_or(job->status);
    end_job(*job, {advance(DurableState::Running, DurableEvent::Succeed, {}),
                   job->began_at ? job->began_at : flow.began, std::move(result), "", ""});
}

// The procedure, from its beginning to its end, where the job ends with the same commit. The first
// time the job is taken up in the same transaction, too.
Next run_procedure(Flow &flow, MemoryContext memory) {
    return in_transaction([&] {
        hold_extension();
        if (!flow.taken_up && !take_up(flow))
            return Next::Ended;
        if (to_be_undone(flow))
            return Next::Again;
        // Not a scope: a COMMIT of the procedure ends the context that was current before.
        MemoryContextSwitchTo(memory);
        set_search_path(flow.job.search_path);
        std::optional<std::string> result;
        {
            const Entered entered(flow);
            const TimeLimit limit(with_statement_timeout((flow.options.timeout_us + 999) / 1000));
            result = run_call_of_job(flow.job.command, flow.job.args);
        }
        check_for_interrupts();
        if (flow.departure) // its error was caught: it has left all the same
            throw Error(sqlstate::query_canceled, "workflow suspends");
        const ActiveSnapshot snapshot;
        commit_without_waiting();
        succeed(flow, std::move(result));
        return Next::Ended;
    });
}

// The reason, if somebody wants it cancelled. From here on nothing interrupts the job.
std::optional<std::string> asked_to_cancel(Flow &flow) {
    std::optional<std::string> wish = let_go();
    return bookkeeping([&] {
        const std::optional<DurableJob> job = JobTable().find(flow.job.id);
        if (job)
            flow.job = *job;
        return job && job->cancel_asked ? job->message : wish;
    });
}

// Whether it is the failure of a step that is written down: trying again changes nothing. The
// procedure may have caught that one and failed with another.
bool is_recorded(const Flow &flow, const ServerErrorData &error) {
    if (!flow.raised_failure)
        return false;
    const auto &entries = flow.history.entries();
    return std::any_of(entries.begin(), entries.end(), [&](const HistoryEntry &entry) {
        if (entry.state != EntryState::Failed || !entry.result)
            return false;
        const RecordedFailure failure = recorded_failure(entry);
        return failure.sqlstate == error.state.text() &&
               failure.message == error.message.value_or("");
    });
}

// The procedure failed, not one of its steps; or a step for good, and the procedure let it.
Next fail(Flow &flow, const ServerErrorData &error) {
    if (const auto reason = asked_to_cancel(flow))
        return begin_cancel(flow, *reason);
    log_server_error(error);
    return bookkeeping([&] {
        JobTable jobs;
        std::optional<DurableJob> job = jobs.find(flow.job.id);
        if (!job)
            return Next::Ended;
        const TimestampTz now = GetCurrentTimestamp();
        const int attempt = ++job->attempt;
        job->status = flow.status.value_or(job->status);
        const auto next =
            is_recorded(flow, error)
                ? std::nullopt
                : next_attempt(flow.options.retry,
                               {error.state, attempt,
                                first_attempt_began(job->id, attempt, flow.began), now},
                               pg_prng_uint32(&pg_global_prng_state));
        note_failed_attempt(job->id, 0, attempt, flow.began, error, job->args);
        const bool undo = !next && !flow.history.undo_left().empty();
        const DurableState state = advance(
            DurableState::Running, next ? DurableEvent::FailForNow : DurableEvent::FailForGood,
            {.undo_left = undo});
        const TimestampTz began = job->began_at ? job->began_at : flow.began;
        const TimestampTz due_at = next ? *next : now;
        const std::string message = error.message.value_or("");
        if (finished(state)) {
            require_free(jobs.remove(*job));
            end_job(*job, {state, began, std::nullopt, error.state.text(), message});
            return Next::Ended;
        }
        const Rest rest = rest_of(*job, state, due_at);
        require_free(jobs.update(*job, {{job_column::State, state_value(rest.state)},
                                        {job_column::Attempt, Value(attempt)},
                                        {job_column::Status, text_or_null(job->status)},
                                        {job_column::DueAt, time_value(rest.due_at)},
                                        {job_column::BeganAt, time_value(began)},
                                        {job_column::SqlStateOf, Value(error.state.text())},
                                        {job_column::Message, Value(message)}}));
        tell_of_due_job(rest.due_at);
        flow.job.state = rest.state;
        flow.job.sqlstate = error.state.text();
        flow.job.message = message;
        return undo ? Next::Again : Next::Suspended;
    });
}

Next enter_procedure(Flow &flow) {
    const OwnedMemory memory("bgjob workflow", TopMemoryContext);
    std::optional<ServerErrorData> error;
    flow.history.rewind();
    flow.departure.reset();
    flow.raised_failure = false;
    try {
        return run_procedure(flow, memory.get());
    } catch (...) {
        if (!flow.taken_up)
            throw;
        error = failure_of_job();
    }
    // A cursor that a COMMIT in its loop has kept open outlives the abort.
    call([] { PortalErrorCleanup(); });
    if (flow.departure && !cancel_wanted())
        return flow.departure->settle(flow);
    return fail(flow, *error);
}

} // namespace

void run_flow(JobId id) {
    Flow flow(id);
    if (!flow.lock.held())
        return;
    // Interrupts are served in the transactions: a cancel between them would be nobody's.
    Next next = enter_procedure(flow);
    while (next == Next::Again) {
        if (undoes(flow.job.state)) {
            (void)let_go();
            next = undo_next(flow);
        } else if (flow.job.cancel_asked) {
            next = begin_cancel(flow, flow.job.message);
        } else {
            next = enter_procedure(flow);
        }
    }
    fault_point("after_suspend");
}

} // namespace pgcrew::bgjob
