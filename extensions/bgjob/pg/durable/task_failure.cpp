#include "pg/durable/task_failure.hpp"

#include "core/retry_policy.hpp"
#include "pg/durable/at_commit.hpp"
#include "pg/durable/step_failure.hpp"
#include "pg/durable/step_table.hpp"
#include "pg/durable/task_wait.hpp"
#include "pgcrew/json.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <common/pg_prng.h>
}

namespace pgcrew::bgjob {
namespace {

// Unless the workflow says otherwise, any failure that the program calls retryable is.
RetryPolicy policy_of(const Task &task) {
    RetryPolicy policy;
    policy.any_failure = true;
    if (task.retry)
        policy = parse_retry_policy(parse_json(*task.retry), policy);
    policy.attempts = task.attempts;
    return policy;
}

} // namespace

bool fail_attempt(TaskTable &tasks, const Task &task, const ServerErrorData &error,
                  bool retryable) {
    const TimestampTz now = GetCurrentTimestamp();
    std::optional<TimestampTz> next;
    if (retryable)
        next = next_attempt(policy_of(task), {error.state, task.attempt, task.published_at, now},
                            pg_prng_uint32(&pg_global_prng_state));
    const TimestampTz due_at = next.value_or(DT_NOEND); // gcc does not see that it is set
    const bool free = next ? tasks.update(task, {{task_column::DueAt, time_value(due_at)},
                                                 {task_column::Worker, Value::null(TEXTOID)}})
                           : finish_task(tasks, task, TaskState::Failed, failure_record(error));
    if (!free)
        return false;
    note_failure(task, error);
    if (next)
        tell_of_task(task.queue, due_at);
    else
        tell_of_event(task.job);
    return true;
}

void note_failure(const Task &task, const ServerErrorData &error) {
    note_failed_attempt(task.job, task.seq, task.attempt, task.fetched_at, error, std::nullopt);
}

ServerErrorData lease_ran_out(const Task &task) {
    ServerErrorData error;
    error.state = task_error::lease_ran_out;
    error.message = "lease of task \"" + task.name + "\" ran out";
    error.detail = "Worker \"" + task.worker + "\" neither finished it nor renewed its lease.";
    return error;
}

ServerErrorData task_timed_out(const std::string &name) {
    ServerErrorData error;
    error.state = task_error::timed_out;
    error.message = "task \"" + name + "\" timed out";
    error.detail = "No program has done it in time.";
    return error;
}

} // namespace pgcrew::bgjob
