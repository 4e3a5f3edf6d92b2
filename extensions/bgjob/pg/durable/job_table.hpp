// The rows of bgjob.job: durable jobs that have not ended.
#pragma once
#include "core/durable_state.hpp"
#include "pg/durable/private_table.hpp"

namespace pgcrew::bgjob {

enum class JobKind : int16 { Statement = 1, Workflow = 2 };

// In the order of sql/bgjob/1.0/jobs.sql.
namespace job_column {
enum : AttrNumber {
    Id = 1,
    Queue,
    Priority,
    State,
    Kind,
    CancelAsked,
    Attempt,
    Role,
    DueAt,
    EnqueuedAt,
    BeganAt,
    WaitsSince,
    WaitsFor,
    Parent,
    SqlStateOf,
    Message,
    Status,
    Key,
    SearchPath,
    Command,
    Args,
    Options,
    Schedule
};
} // namespace job_column

struct DurableJob {
    int64 id = 0;
    int32 queue = 0; // 0: "default"
    int16 priority = 0;
    DurableState state = DurableState::Ready;
    JobKind kind = JobKind::Statement;
    bool cancel_asked = false;
    int32 attempt = 0; // failed ones so far
    Oid role = InvalidOid;
    TimestampTz due_at = 0, enqueued_at = 0;
    TimestampTz began_at = 0, waits_since = 0; // 0: none
    std::string waits_for;
    int64 parent = 0;              // 0: none
    int64 schedule = 0;            // that it is a run of; 0: none
    std::string sqlstate, message; // of the last failure, or why it is to be cancelled
    std::string status, key;       // may be empty
    std::string search_path, command;
    std::optional<std::string> args, options; // JSON text
    PrivateRow row;                           // as it was read
};

class JobTable : NoCopy {
  public:
    JobTable() : JobTable("job", "job_pkey") {}
    static JobTable of_dead() { return {"job_dead", "job_dead_pkey"}; } // failed for good
    static int64 next_id() { return PrivateTable::next_value("job_id"); }
    void insert(const DurableJob &job);
    std::optional<DurableJob> find(int64 id);

    // Its deletion, like all that the job does, counts when the transaction commits, and no other
    // process can do the same before. False if somebody else has the row.
    [[nodiscard]] bool remove(const DurableJob &job) { return table_.remove(job.row); }
    // False if the job ended meanwhile, or somebody else has the row.
    [[nodiscard]] bool update(const DurableJob &job,
                              std::initializer_list<PrivateTable::Change> changes) {
        return table_.update(job.row, changes);
    }

    Oid owner() const noexcept { return table_.owner(); }

  private:
    JobTable(const char *name, const char *key) : table_(name), key_(key) {}
    PrivateTable table_;
    const char *key_; // index of the ids
};

inline Value state_value(DurableState state) noexcept { return {static_cast<int16>(state)}; }

// Whether a worker may run a job in this state once it is due, and whether it may run the job now.
bool may_be_claimed(DurableState state) noexcept;
bool may_run(const DurableJob &job, TimestampTz now) noexcept;

} // namespace pgcrew::bgjob
