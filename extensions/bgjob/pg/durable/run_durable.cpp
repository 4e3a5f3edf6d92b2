// A durable job is one transaction: it takes its own row out of the table, runs its statement, and
// commits. So the effect is there if and only if the job is gone, whatever crashes. A failure rolls
// both back, and a second transaction writes down when it is tried again, or that it will not be.
// Jobs of a group are subtransactions of one transaction, each with its own row, so that a failure
// rolls back one of them. A workflow is many transactions; see run_flow.cpp.
#include "pg/durable/run_durable.hpp"

#include "core/job_options.hpp"
#include "pg/durable/at_commit.hpp"
#include "pg/durable/cancel_job.hpp"
#include "pg/durable/failure_of_job.hpp"
#include "pg/durable/in_hand.hpp"
#include "pg/durable/job_end.hpp"
#include "pg/durable/job_statement.hpp"
#include "pg/durable/json_rows.hpp"
#include "pg/durable/queue_cache.hpp"
#include "pg/durable/require_free.hpp"
#include "pg/durable/run_flow.hpp"
#include "pg/durable/step_table.hpp"
#include "pg/durable/top_level.hpp"
#include "pg/fault.hpp"
#include "pg/time_limit.hpp"
#include "pgcrew/server_error.hpp"

extern "C" {
#include <catalog/namespace.h>
#include <common/pg_prng.h>
#include <pgstat.h>
}

namespace pgcrew::bgjob {
namespace {

int64 time_limit_of(const DurableJob &job) {
    return with_statement_timeout((options_of_job(job).timeout_us + 999) / 1000);
}

// In a transaction. `began` is when.
void attempt(JobId id, TimestampTz &began) {
    std::optional<DurableJob> job;
    std::int64_t most_bytes = 0; // of its result
    {
        JobTable table;
        job = table.find(id);
        began = GetCurrentTimestamp();
        if (!job || job->kind != JobKind::Statement || !may_run(*job, began))
            return;
        const QueueOptions &queue = queue_of_id(job->queue).options;
        wait_for_disk(queue.durability == Durability::Sync);
        most_bytes = queue.max_result;
        if (!table.remove(*job))
            return; // somebody else has it
    }
    fault_point("after_claim");
    call([&] { pgstat_report_activity(STATE_RUNNING, job->command.c_str()); });
    commit_without_waiting();
    if (job->cancel_asked) {
        end_job(*job, {advance(DurableState::Running, DurableEvent::Cancel, {}), 0, std::nullopt,
                       sqlstate::query_canceled.text(), job->message});
        return;
    }
    GucScope settings; // all that the job sets is undone with them
    if (job->search_path != namespace_search_path)
        settings.set("search_path", job->search_path.c_str());
    const bool has_reader = job->parent != 0; // its workflow
    JsonRows rows(most_bytes);
    {
        const TimeLimit limit(time_limit_of(*job));
        run_statement_of_job(job->command, job->args, has_reader ? rows.receiver() : None_Receiver);
    }
    end_job(*job, {.state = advance(DurableState::Running, DurableEvent::Succeed, {}),
                   .began = began,
                   .result = has_reader ? rows.text() : std::nullopt});
    fault_point("before_commit");
}

struct Unsuccessful {
    JobId job = 0;
    TimestampTz began = 0;
    bool workflow = false;
    ServerErrorData error{};
    std::optional<std::string> cancel{}; // somebody interrupted it, for this reason
};

void note_failure(const Unsuccessful &failed) {
    const JobId id = failed.job;
    const TimestampTz began = failed.began;
    const ServerErrorData &error = failed.error;
    JobTable jobs;
    std::optional<DurableJob> job = jobs.find(id);
    // A workflow writes down its failures itself; it is still there and due.
    if (!job || job->kind == JobKind::Workflow)
        return;
    const TimestampTz now = GetCurrentTimestamp();
    const int attempt = ++job->attempt;
    const auto next =
        next_attempt(options_of_job(*job).retry,
                     {error.state, attempt, first_attempt_began(id, attempt, began), now},
                     pg_prng_uint32(&pg_global_prng_state));
    note_failed_attempt(id, 0, attempt, began, error, job->args);
    const std::string message = error.message.value_or("");
    const DurableState state = advance(
        DurableState::Running, next ? DurableEvent::FailForNow : DurableEvent::FailForGood, {});
    require_free(next ? jobs.update(*job, {{job_column::State, state_value(state)},
                                           {job_column::Attempt, Value(attempt)},
                                           {job_column::DueAt, time_value(*next)},
                                           {job_column::SqlStateOf, Value(error.state.text())},
                                           {job_column::Message, Value(message)}})
                      : jobs.remove(*job));
    if (next)
        tell_of_due_job(*next);
    else
        end_job(*job, {state, began, std::nullopt, error.state.text(), message});
}

// What went wrong with a workflow was not its procedure but the bookkeeping around it.
void try_again_later(JobId id) {
    constexpr int64 pause_us = 1'000'000;
    JobTable jobs;
    const std::optional<DurableJob> job = jobs.find(id);
    const TimestampTz now = GetCurrentTimestamp();
    if (!job || job->due_at > now)
        return;
    if (jobs.update(*job, {{job_column::DueAt, time_value(now + pause_us)}}))
        tell_of_due_job(now + pause_us);
}

void fail(const Unsuccessful &failed) {
    log_server_error(failed.error);
    bookkeeping([&] {
        if (failed.cancel)
            cancel_interrupted(failed.job, failed.began, *failed.cancel);
        else if (failed.workflow)
            try_again_later(failed.job);
        else
            note_failure(failed);
    });
}

} // namespace

void run_durable(JobId id, bool workflow) {
    const InHand in_hand(id);
    const JobContext context(id);
    Unsuccessful failed{.job = id, .workflow = workflow};
    try {
        if (workflow)
            run_flow(id);
        else
            in_transaction([&](Spi &) { attempt(id, failed.began); });
        fault_point("after_commit");
        return;
    } catch (...) {
        failed.error = failure_of_job();
    }
    failed.cancel = let_go();
    fail(failed);
}

void run_durable_group(const std::vector<JobId> &ids) {
    std::vector<Unsuccessful> failed;
    const auto one = [&](JobId id) {
        const InHand in_hand(id);
        const JobContext context(id);
        Unsuccessful without_success{.job = id};
        try {
            in_subtransaction([&] { attempt(id, without_success.began); });
            return;
        } catch (...) {
            without_success.error = failure_of_job();
        }
        without_success.cancel = let_go();
        failed.push_back(std::move(without_success));
    };
    bool done = true;
    try {
        in_transaction([&](Spi &) {
            for (const JobId id : ids) {
                one(id);
                check_for_interrupts();
            }
        });
    } catch (...) { // at the commit, as of deferred constraints: each for itself tells whose it was
        log_server_error(describe_current_exception());
        done = false;
    }
    if (!done) {
        for (const JobId id : ids)
            run_durable(id, false);
        return;
    }
    for (const Unsuccessful &f : failed)
        fail(f);
}

} // namespace pgcrew::bgjob
