// The rows of bgjob.step: the history of workflows. Times are those of the server.
#pragma once
#include "core/flow_history.hpp"
#include "pg/durable/private_table.hpp"
#include "pgcrew/server_error.hpp"

namespace pgcrew::bgjob {

class StepTable : NoCopy {
  public:
    FlowHistory load(int64 job);
    // Inserts the entry, or changes what may change of the one with the same seq. 40001 if another
    // worker was faster.
    void store(int64 job, const HistoryEntry &entry, bool is_new);
    void remove_all(int64 job) { remove_from(job, 1); }
    void remove_from(int64 job, std::int32_t seq); // that and all later ones

  private:
    PrivateTable table_{"step"};
};

// A failed attempt of a job (seq 0) or of one of its steps. Needs a transaction that will commit.
void note_failed_attempt(int64 job, int32 seq, int32 attempt, TimestampTz began,
                         const ServerErrorData &error, const std::optional<std::string> &args);
// When the first of the job's attempts began, of which one has just failed: as often as that number
// says, and it began then.
TimestampTz first_attempt_began(int64 job, int32 attempt, TimestampTz began);
struct FailedAttempt {
    int32 seq;
    TimestampTz began, ended;
    std::string sqlstate, message;
};
std::vector<FailedAttempt> failed_attempts(int64 job); // by seq, in order
void forget_failures(int64 job);

} // namespace pgcrew::bgjob
