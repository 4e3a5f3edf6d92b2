// What a program outside says about a task that it has fetched: done, failed, or still at it.
#include "core/names.hpp"
#include "core/queue_limits.hpp"
#include "pg/durable/at_commit.hpp"
#include "pg/durable/job_rights.hpp"
#include "pg/durable/lease.hpp"
#include "pg/durable/task_failure.hpp"
#include "pg/durable/task_rights.hpp"
#include "pg/durable/writes.hpp"
#include "pgcrew/args.hpp"

#include <algorithm>

extern "C" {
#include <access/xact.h>
}

namespace pgcrew::bgjob {
namespace {

std::string number(int64 id) { return std::to_string(id); }

// 55000 unless the worker still has it.
void check_lease(const Task &task, const std::string &worker) {
    if (task.state == TaskState::Open && task.worker == worker)
        return;
    std::string now = "It waits to be fetched again.";
    if (task.state != TaskState::Open)
        now = "It is over already.";
    else if (!task.worker.empty())
        now = "It is leased to worker \"" + task.worker + "\".";
    throw Error(sqlstate::object_not_in_prerequisite_state,
                "worker \"" + worker + "\" has lost the lease of task " + number(task.id), now,
                "Renew the lease in time with bgjob.renew_task().");
}

std::optional<Task> find_task(TaskTable &tasks, int64 id) {
    std::optional<Task> task = tasks.find(id);
    if (task && !may_work_on(*task))
        task.reset();
    return task;
}

// Calls change(tasks, task), which is false if somebody else has the row, until it is true: that
// may be the same program, which renews its lease in another session.
template <class F> void change_task(int64 id, const std::string &worker, F change) {
    constexpr int most_tries = 50;
    for (int i = 1;; ++i) {
        {
            TaskTable tasks;
            const std::optional<Task> task = find_task(tasks, id);
            if (!task)
                throw Error(sqlstate::undefined_object, "task " + number(id) + " does not exist",
                            "Nobody waits for it any longer, or there was none.");
            check_lease(*task, worker);
            if (change(tasks, *task))
                return;
        }
        if (i == most_tries)
            throw Error(sqlstate::object_in_use,
                        "task " + number(id) + " is being changed by another session");
        call([&] { pg_usleep(1000L * i); });
        check_for_interrupts();
    }
}

// The program goes on when it is told so: nothing may be lost then.
void commit_on_disk() {
    call([] { ForceSyncCommit(); });
}

// 22023 unless a workflow can catch it as an error.
SqlState code_of(const std::optional<std::string> &given) {
    if (!given)
        return task_error::failed;
    const bool letters =
        given->size() == 5 && std::all_of(given->begin(), given->end(), [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
        });
    const std::string category = given->substr(0, 2);
    if (!letters || category == "00" || category == "01" || category == "02")
        throw Error(sqlstate::invalid_parameter_value,
                    "\"sqlstate\" must be the code of an error: five digits or capital letters");
    const SqlState code = SqlState::of(*given);
    if (code == sqlstate::query_canceled || code == SqlState("P0004"))
        throw Error(sqlstate::invalid_parameter_value,
                    "\"sqlstate\" must not be " + *given + ", which no workflow can catch");
    return code;
}

} // namespace

PGCREW_FUNCTION(bgjob_complete_task) {
    will_write("bgjob.complete_task()");
    const Args args(fcinfo);
    const int64 id = args.int64(0, "id");
    const std::string worker = args.text(1, "worker");
    const auto result = args.opt_jsonb(2);
    if (result)
        check_result({}, static_cast<std::int64_t>(result->size()));
    change_task(id, worker, [&](TaskTable &tasks, const Task &task) {
        if (!finish_task(tasks, task, TaskState::Done, result))
            return false;
        tell_of_event(task.job);
        return true;
    });
    commit_on_disk();
    return 0;
}

PGCREW_FUNCTION(bgjob_fail_task) {
    will_write("bgjob.fail_task()");
    const Args args(fcinfo);
    const int64 id = args.int64(0, "id");
    const std::string worker = args.text(1, "worker");
    ServerErrorData error;
    error.message = args.text(2, "message");
    error.state = code_of(args.opt_text(3));
    const bool retryable = args.boolean(4, "retryable");
    error.detail = args.opt_text(5);
    error.hint = args.opt_text(6);
    error.context = "worker \"" + worker + "\"";
    check_result({}, static_cast<std::int64_t>(error.message->size() +
                                               error.detail.value_or("").size() +
                                               error.hint.value_or("").size()));
    change_task(id, worker, [&](TaskTable &tasks, const Task &task) {
        return fail_attempt(tasks, task, error, retryable);
    });
    commit_on_disk();
    return 0;
}

PGCREW_FUNCTION(bgjob_renew_task) {
    will_write("bgjob.renew_task()");
    const Args args(fcinfo);
    const int64 id = args.int64(0, "id");
    const std::string worker = args.text(1, "worker");
    const int64 lease_us = lease_of(args, 2);
    std::string state = "withdrawn";
    if (!find_task(*std::make_unique<TaskTable>(), id))
        return result(fcinfo, Value(state));
    change_task(id, worker, [&](TaskTable &tasks, const Task &task) {
        const TimestampTz now = GetCurrentTimestamp();
        if (!tasks.update(task, {{task_column::DueAt, time_value(now + lease_us)}}))
            return false;
        if (const auto job = JobTable().find(task.job))
            state = name(job->cancel_asked ? DurableState::Cancelling
                                           : shown_state(job->state, job->due_at, now, false));
        return true;
    });
    return result(fcinfo, Value(state));
}

} // namespace pgcrew::bgjob
