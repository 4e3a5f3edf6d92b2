// fetch_task: hands tasks of a queue to a program outside, each for the time of a lease. A task
// whose lease ran out is one that is due again. By the server's clock alone; never waits for
// another session.
#include "core/names.hpp"
#include "pg/durable/at_commit.hpp"
#include "pg/durable/flush.hpp"
#include "pg/durable/job_rights.hpp"
#include "pg/durable/lease.hpp"
#include "pg/durable/optional_json.hpp"
#include "pg/durable/task_failure.hpp"
#include "pg/durable/writes.hpp"
#include "pgcrew/args.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <miscadmin.h>
#include <utils/builtins.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr std::int32_t most_at_once = 1000;
constexpr int most_rounds = 5; // when others are faster

// Whether its workflow waits for it. One whose steps are undone never comes back to it: should it
// run again, it asks anew.
bool is_wanted(const Task &task) {
    const std::optional<DurableJob> job = JobTable().find(task.job);
    return job && !job->cancel_asked && !undoes(job->state) &&
           job->state != DurableState::NeedsAttention;
}

// Gives the task to the worker; false if there is nothing to give.
bool lease_task(TaskTable &tasks, Task &task, const std::string &worker, TimestampTz now,
                int64 lease_us) {
    if (!task.worker.empty() && task.attempt >= task.attempts) {
        (void)fail_attempt(tasks, task, lease_ran_out(task), false);
        return false;
    }
    const bool lost = !task.worker.empty();
    const Task before = task;
    ++task.attempt;
    task.due_at = now + lease_us;
    if (!tasks.update(task, {{task_column::DueAt, time_value(task.due_at)},
                             {task_column::Attempt, Value(task.attempt)},
                             {task_column::FetchedAt, time_value(now)},
                             {task_column::Worker, Value(worker)}}))
        return false;
    tell_of_due_task(task.due_at);
    if (lost)
        note_failure(before, lease_ran_out(before));
    return true;
}

std::vector<Task> fetch(const std::string &queue, const std::string &worker, int64 lease_us,
                        std::size_t most) {
    TaskTable tasks;
    std::vector<Task> fetched;
    for (int round = 0; round < most_rounds && fetched.size() < most;) {
        const TimestampTz now = GetCurrentTimestamp();
        const DueTasks due = tasks.due(queue, now, most - fetched.size());
        if (due.ids.empty())
            break;
        bool withdrawn = false;
        for (const int64 id : due.ids) {
            check_for_interrupts();
            std::optional<Task> task = tasks.find(id);
            if (!task || task->state != TaskState::Open || task->due_at > now)
                continue;
            if (!is_wanted(*task))
                withdrawn |= tasks.remove(*task);
            else if (lease_task(tasks, *task, worker, now, lease_us))
                fetched.push_back(std::move(*task));
        }
        if (!withdrawn)
            ++round;
    }
    return fetched;
}

std::string role_name(Oid role) {
    const char *name = call([&] { return GetUserNameFromId(role, true); });
    return name != nullptr ? name : "";
}

} // namespace

PGCREW_FUNCTION(bgjob_fetch_task) {
    will_write("bgjob.fetch_task()");
    const Args args(fcinfo);
    const std::string queue = args.text(0, "queue"), worker = args.text(1, "worker");
    check_name("queue name", queue);
    check_name("worker name", worker);
    const int64 lease_us = lease_of(args, 2);
    const std::int32_t most = args.int32(3, "max");
    if (most < 1 || most > most_at_once)
        throw Error(sqlstate::invalid_parameter_value,
                    "\"max\" must be between 1 and " + std::to_string(most_at_once));
    SetResult rows(fcinfo);
    const std::vector<Task> fetched =
        fetch(queue, worker, lease_us, static_cast<std::size_t>(most));
    // A task that a crash could take back must not be begun.
    if (!fetched.empty())
        flush_before_telling();
    for (const Task &task : fetched) {
        const OptionalJson payload(task.payload);
        const std::string key = std::to_string(task.job) + "/" + std::to_string(task.id);
        const std::string role = role_name(task.role);
        rows.put({Value(task.id), Value(task.name), Value(task.queue), payload.value(),
                  Value(task.attempt), Value(key), time_value(task.due_at), Value(task.job),
                  Value(role)});
    }
    return rows.done();
}

} // namespace pgcrew::bgjob
