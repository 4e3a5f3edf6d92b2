#include "pg/durable/flow_undo.hpp"

#include "pg/durable/failure_of_job.hpp"
#include "pg/durable/in_hand.hpp"
#include "pg/durable/job_end.hpp"
#include "pg/durable/job_statement.hpp"
#include "pg/durable/require_free.hpp"
#include "pg/durable/step_failure.hpp"
#include "pg/durable/step_table.hpp"
#include "pg/durable/top_level.hpp"
#include "pg/fault.hpp"

extern "C" {
#include <common/pg_prng.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr int undo_attempts = 10;

Next end_undone(Flow &flow) {
    bookkeeping([&] {
        JobTable jobs;
        const std::optional<DurableJob> job = jobs.find(flow.job.id);
        if (!job)
            return;
        require_free(jobs.remove(*job));
        end_job(*job, {advance(job->state, DurableEvent::Undone, {}), job->began_at, std::nullopt,
                       job->sqlstate, job->message});
    });
    return Next::Ended;
}

HistoryEntry undo_entry(const Flow &flow, const HistoryEntry &step) {
    return entry_at(flow, {EntryKind::Undo, step.name, step.seq});
}

// The statement's arguments are those of the step; one more parameter gets the step's result.
void undo(Flow &flow, const HistoryEntry &step) {
    HistoryEntry entry = in_transaction([&](Spi &) {
        commit_without_waiting();
        // This worker may not have run the procedure.
        set_for_transaction("search_path", flow.job.search_path.c_str());
        HistoryEntry done = undo_entry(flow, step);
        run_statement_of_job(*step.undo, step.undo_args, None_Receiver,
                             step.result.value_or("null"));
        done.state = EntryState::Done;
        done.ended = GetCurrentTimestamp();
        done.due = 0;
        store_entry(flow, done);
        fault_point("in_undo");
        return done;
    });
    flow.history.store(std::move(entry));
}

Next undo_failed(Flow &flow, const HistoryEntry &step, const ServerErrorData &error) {
    log_server_error(error);
    HistoryEntry entry = undo_entry(flow, step);
    const TimestampTz now = GetCurrentTimestamp();
    ++entry.attempt;
    RetryPolicy policy;
    policy.attempts = undo_attempts;
    policy.any_failure = true;
    const auto next = next_attempt(policy, {error.state, entry.attempt, entry.began, now},
                                   pg_prng_uint32(&pg_global_prng_state));
    entry.state = next ? EntryState::Retrying : EntryState::Failed;
    entry.due = next.value_or(0);
    if (!next)
        entry.result = failure_record(error);
    bookkeeping([&] {
        note_failed_attempt(flow.job.id, entry.seq, entry.attempt, now, error, step.undo_args);
        store_entry(flow, entry);
        suspend(flow, next ? DurableEvent::FailForNow : DurableEvent::UndoFailed,
                next.value_or(DT_NOEND),
                (next ? "another attempt to undo " : "help: cannot undo ") + step.name);
    });
    flow.history.store(std::move(entry));
    return Next::Suspended;
}

} // namespace

Next begin_cancel(Flow &flow, const std::string &reason) {
    (void)let_go();
    return bookkeeping([&] {
        JobTable jobs;
        const std::optional<DurableJob> job = jobs.find(flow.job.id);
        if (!job)
            return Next::Ended;
        flow.history = StepTable().load(job->id); // a step may have committed and been interrupted
        const bool undo = !flow.history.undo_left().empty();
        const DurableState state =
            advance(in_work(job->state), DurableEvent::Cancel, {.undo_left = undo});
        if (finished(state)) {
            require_free(jobs.remove(*job));
            end_job(*job, {state, job->began_at ? job->began_at : flow.began, std::nullopt,
                           sqlstate::query_canceled.text(), reason});
            return Next::Ended;
        }
        require_free(
            jobs.update(*job, {{job_column::State, state_value(state)},
                               {job_column::CancelAsked, Value(true)},
                               {job_column::Message, Value(reason)},
                               {job_column::SqlStateOf, Value(sqlstate::query_canceled.text())}}));
        flow.job.state = state;
        return Next::Again;
    });
}

Next undo_next(Flow &flow) {
    const auto left = flow.history.undo_left();
    if (left.empty())
        return end_undone(flow);
    const HistoryEntry step = *left.front();
    const HistoryEntry *known = flow.history.find({EntryKind::Undo, step.name, step.seq});
    if (known != nullptr && known->due > GetCurrentTimestamp()) {
        bookkeeping([&] {
            suspend(flow, DurableEvent::FailForNow, known->due,
                    "another attempt to undo " + step.name);
        });
        return Next::Suspended;
    }
    try {
        undo(flow, step);
        return Next::Again;
    } catch (...) {
        return undo_failed(flow, step, failure_of_job());
    }
}

} // namespace pgcrew::bgjob
