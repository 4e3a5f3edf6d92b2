// The rows of bgjob.task: work that workflows ask of programs outside, until the workflow has taken
// the result.
#pragma once
#include "pg/durable/private_table.hpp"

namespace pgcrew::bgjob {

// The numbers stand in the table: none of them ever changes its meaning.
enum class TaskState : int16 { Open = 1, Done = 2, Failed = 3 };

// In the order of sql/bgjob/1.0/tasks.sql.
namespace task_column {
enum : AttrNumber {
    Id = 1,
    Queue,
    State,
    DueAt,
    Job,
    Seq,
    Role,
    Name,
    Attempt,
    Attempts,
    PublishedAt,
    FetchedAt,
    Worker,
    Retry,
    Payload,
    Result
};
} // namespace task_column

struct Task {
    int64 id = 0;
    std::string queue{};
    TaskState state = TaskState::Open;
    TimestampTz due_at = 0; // when it may be fetched; while it is leased, the end of the lease
    int64 job = 0;
    int32 seq = 0; // of the job's step
    Oid role = InvalidOid;
    std::string name{};
    int32 attempt = 0;  // how often it was fetched
    int32 attempts = 0; // how often it may be
    TimestampTz published_at = 0, fetched_at = 0;
    std::string worker{};                          // in whose hands it is; empty: nobody's
    std::optional<std::string> retry{}, payload{}; // JSON text
    std::optional<std::string> result{};           // if it failed: its error
    PrivateRow row{};
};

// What may be fetched from a queue now.
struct DueTasks {
    std::vector<int64> ids;
    TimestampTz next_at; // when the next one may be, DT_NOEND for never
    bool held;           // somebody is about to change others
};

class TaskTable : NoCopy {
  public:
    static int64 next_id() { return PrivateTable::next_value("task_id"); }
    void insert(const Task &task);
    std::optional<Task> find(int64 id);
    std::vector<Task> of_job(int64 job);

    // At most so many, in the order they became due, that the current user may fetch.
    DueTasks due(const std::string &queue, TimestampTz now, std::size_t most);

    // False if somebody else has the row.
    [[nodiscard]] bool update(const Task &task,
                              std::initializer_list<PrivateTable::Change> changes) {
        return table_.update(task.row, changes);
    }
    [[nodiscard]] bool remove(const Task &task) { return table_.remove(task.row); }

  private:
    PrivateTable table_{"task"};
};

// A task that is over: it fits into one update.
[[nodiscard]] bool finish_task(TaskTable &tasks, const Task &task, TaskState how,
                               const std::optional<std::string> &result);

// In a transaction: the tasks of a job that are left, which nobody waits for any longer. False if
// one is in somebody's hands, so that one has to ask again.
[[nodiscard]] bool withdraw_tasks(int64 job);

} // namespace pgcrew::bgjob
