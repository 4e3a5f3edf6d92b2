// What becomes of a workflow when a step of it has failed: it comes back for another attempt, or
// the failure is written down and raised where the step stands.
#pragma once
#include "pg/durable/flow.hpp"
#include "pgcrew/args.hpp"

namespace pgcrew::bgjob {

Next settle_failure(Flow &flow, const FlowHistory::Place &place, const RetryPolicy &policy,
                    const ServerErrorData &error, const std::optional<std::string> &args);

// The failure of an entry, as it was. In a transaction.
struct RecordedFailure {
    std::string sqlstate, message, detail, hint;
};
RecordedFailure recorded_failure(const HistoryEntry &entry);
[[noreturn]] void raise_recorded_failure(Flow &flow, const HistoryEntry &entry);

// A failure as an entry keeps it, JSON text in the encoding of the database.
std::string failure_record(const ServerErrorData &error);

// The time of the entry's next attempt has not come.
class RetryLater : public Departure {
  public:
    explicit RetryLater(HistoryEntry entry) : entry_(std::move(entry)) {}
    Next settle(Flow &flow) override;

  private:
    HistoryEntry entry_;
};

// The result of a procedure with one parameter INOUT of type jsonb.
Datum result_record(FunctionCallInfo fcinfo, const std::optional<std::string> &json);

} // namespace pgcrew::bgjob
