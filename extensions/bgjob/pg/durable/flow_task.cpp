// Tasks: steps of a workflow that a program outside does. The task and the wait for it are
// published in one transaction, so nobody can finish it before the workflow is known to wait.
#include "core/names.hpp"
#include "pg/durable/flow.hpp"
#include "pg/durable/flow_step.hpp"
#include "pg/durable/queue_cache.hpp"
#include "pg/durable/step_failure.hpp"
#include "pg/durable/task_failure.hpp"
#include "pg/durable/task_wait.hpp"
#include "pg/durable/top_level.hpp"
#include "pg/durable/wake.hpp"

namespace pgcrew::bgjob {
namespace {

constexpr int64 look_again_us = 500'000; // while its program holds it in a transaction

struct TaskOrder {
    std::string queue;
    std::optional<std::string> input, retry;
    int32 attempts = 0;
};

class TaskDeparture : public Departure {
  public:
    TaskDeparture(HistoryEntry entry, TaskOrder order)
        : entry_(std::move(entry)), order_(std::move(order)) {}

    Next settle(Flow &flow) override {
        if (bookkeeping([&] { return look(flow); })) {
            flow.history.store(std::move(entry_));
            return Next::Again;
        }
        // One that was finished before the job was known to wait again has woken nobody.
        bookkeeping([&] {
            const auto task = TaskTable().find(entry_.reference);
            if (task && task->state != TaskState::Open)
                wake_or_tell(flow.job.id);
        });
        return Next::Suspended;
    }

  private:
    // Whether the procedure goes on; if not, the job has been put to sleep. May be called again
    // when its transaction has failed.
    bool look(Flow &flow) {
        HistoryEntry entry = entry_;
        TaskTable tasks;
        const bool is_new = flow.history.next_seq() == entry.seq;
        const std::optional<Task> task = is_new ? std::nullopt : tasks.find(entry.reference);
        const TimestampTz now = GetCurrentTimestamp();
        const bool over = task && task->state != TaskState::Open;
        const bool late = !over && !is_new && entry.due != 0 && entry.due <= now;
        TimestampTz until = entry.due != 0 ? entry.due : DT_NOEND;
        if (late && task && !tasks.remove(*task)) {
            until = now + look_again_us;
        } else if (over || late) {
            if (over && !tasks.remove(*task))
                throw Error(sqlstate::serialization_failure, "the task is being changed");
            conclude(entry, task, late, now);
            store_entry(flow, entry);
            entry_ = std::move(entry);
            return true;
        } else if (!task) {
            entry.reference = publish(flow, tasks, entry, now);
            store_entry(flow, entry);
        }
        suspend(flow, DurableEvent::Suspend, until, "task " + entry.name);
        entry_ = std::move(entry);
        return false;
    }

    static void conclude(HistoryEntry &entry, const std::optional<Task> &task, bool late,
                         TimestampTz now) {
        const bool done = !late && task->state == TaskState::Done;
        entry.state = done ? EntryState::Done : EntryState::Failed;
        entry.attempt = task ? task->attempt - (done ? 1 : 0) : entry.attempt;
        entry.ended = now;
        entry.result = late ? failure_record(task_timed_out(entry.name)) : task->result;
    }

    int64 publish(const Flow &flow, TaskTable &tasks, const HistoryEntry &entry,
                  TimestampTz now) const {
        Task task;
        task.id = TaskTable::next_id();
        task.queue = order_.queue;
        task.due_at = now;
        task.job = flow.job.id;
        task.seq = entry.seq;
        task.role = flow.job.role;
        task.name = entry.name;
        task.attempts = order_.attempts;
        task.published_at = now;
        task.retry = order_.retry;
        task.payload = order_.input;
        tasks.insert(task);
        tell_of_task(task.queue, task.due_at);
        return task.id;
    }

    HistoryEntry entry_;
    TaskOrder order_;
};

// name, queue, input, [result,] timeout, attempts, retry
std::optional<std::string> task(const Args &args, int after_result) {
    Flow &flow = require_flow("bgjob.task()");
    TaskOrder order;
    order.queue = args.text(1, "queue");
    check_name("queue name", order.queue);
    order.input = args.opt_jsonb(2);
    if (order.input)
        check_payload(queue_of_id(flow.job.queue).options,
                      static_cast<std::int64_t>(order.input->size()));
    order.attempts = retry_of(args, after_result + 1).attempts;
    order.retry = args.opt_jsonb(after_result + 2);
    HistoryEntry entry = entry_at(flow, arrive(flow, EntryKind::Task, args.text(0, "name")));
    if (entry.state == EntryState::Done)
        return entry.result;
    if (entry.state == EntryState::Failed)
        raise_recorded_failure(flow, entry);
    const auto ms = args.opt_interval_ms(after_result);
    const int64 most_ms = (DT_NOEND - entry.began) / 1000 - 1;
    if (entry.seq == flow.history.next_seq() && ms && *ms < most_ms)
        entry.due = entry.began + Max(*ms, int64{0}) * 1000;
    leave(flow, std::make_unique<TaskDeparture>(std::move(entry), std::move(order)));
}

} // namespace

PGCREW_FUNCTION(bgjob_task) {
    (void)task(Args(fcinfo), 3);
    return 0;
}

PGCREW_FUNCTION(bgjob_task_result) { return result_record(fcinfo, task(Args(fcinfo), 4)); }

} // namespace pgcrew::bgjob
