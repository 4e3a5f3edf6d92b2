#include "pg/durable/step_table.hpp"

#include "pg/durable/optional_json.hpp"

#include <algorithm>

extern "C" {
#include <catalog/pg_type.h>
}

namespace pgcrew::bgjob {
namespace {

// In the order of sql/bgjob/1.0/jobs.sql.
enum Column : AttrNumber {
    Job = 1,
    Seq,
    Kind,
    State,
    Occurrence,
    Attempt,
    BeganAt,
    EndedAt,
    DueAt,
    Reference,
    Name,
    Result,
    Undo,
    UndoArgs
};

constexpr std::size_t all_rows = SIZE_MAX;

HistoryEntry entry_of(const PrivateRow &row) {
    HistoryEntry e;
    e.seq = row.int32_of(Seq);
    e.kind = static_cast<EntryKind>(row.int16_of(Kind));
    e.state = static_cast<EntryState>(row.int16_of(State));
    e.occurrence = row.int32_of(Occurrence);
    e.attempt = row.int32_of(Attempt);
    e.began = row.time(BeganAt);
    e.ended = row.time(EndedAt);
    e.due = row.time(DueAt);
    e.reference = row.int64_of(Reference);
    e.name = row.text(Name);
    e.result = row.opt_text(Result);
    e.undo = row.opt_text(Undo);
    e.undo_args = row.opt_text(UndoArgs);
    return e;
}

} // namespace

FlowHistory StepTable::load(int64 job) {
    FlowHistory history;
    for (const PrivateRow &row : table_.all("step_pkey", {job}, all_rows))
        history.load(entry_of(row));
    return history;
}

void StepTable::store(int64 job, const HistoryEntry &e, bool is_new) {
    const OptionalJson result(e.result);
    const Value state(static_cast<int16>(e.state));
    if (is_new) {
        const OptionalJson undo_args(e.undo_args);
        table_.insert({Value(job), Value(e.seq), Value(static_cast<int16>(e.kind)), state,
                       Value(e.occurrence), Value(e.attempt), time_value(e.began),
                       time_value(e.ended), time_value(e.due), bigint_or_null(e.reference),
                       Value(e.name), result.value(), Value(e.undo), undo_args.value()});
        return;
    }
    const std::optional<PrivateRow> row = table_.find("step_pkey", {job, e.seq});
    if (!row || !table_.update(*row, {{State, state},
                                      {Attempt, Value(e.attempt)},
                                      {EndedAt, time_value(e.ended)},
                                      {DueAt, time_value(e.due)},
                                      {Reference, bigint_or_null(e.reference)},
                                      {Result, result.value()}}))
        throw Error(sqlstate::serialization_failure, "another worker has gone on with the job");
}

void StepTable::remove_from(int64 job, std::int32_t seq) {
    for (const PrivateRow &row : table_.all("step_pkey", {job}, all_rows))
        if (row.int32_of(Seq) >= seq)
            (void)table_.remove(row);
}

void note_failed_attempt(int64 job, int32 seq, int32 attempt, TimestampTz began,
                         const ServerErrorData &error, const std::optional<std::string> &args) {
    const OptionalJson bound(args);
    PrivateTable table("failure");
    table.insert({Value(job), Value(seq), Value(attempt), time_value(began),
                  time_value(GetCurrentTimestamp()), Value(error.state.text()),
                  Value(error.message.value_or("")), Value(error.detail), Value(error.hint),
                  Value(error.context), bound.value()});
}

TimestampTz first_attempt_began(int64 job, int32 attempt, TimestampTz began) {
    std::vector<TimestampTz> before; // also those before it was tried again by hand
    for (const FailedAttempt &failed : failed_attempts(job))
        if (failed.seq == 0)
            before.push_back(failed.began);
    const std::size_t own = Min(static_cast<std::size_t>(attempt - 1), before.size());
    return own == 0 ? began : before[before.size() - own];
}

std::vector<FailedAttempt> failed_attempts(int64 job) {
    enum FailureColumn : AttrNumber {
        FailedSeq = 2,
        FailedBegan = 4,
        FailedEnded,
        FailedState,
        FailedMessage
    };
    PrivateTable table("failure");
    std::vector<FailedAttempt> failures;
    for (const PrivateRow &row : table.all("failure_job", {job}, all_rows))
        failures.push_back({row.int32_of(FailedSeq), row.time(FailedBegan), row.time(FailedEnded),
                            row.text(FailedState), row.text(FailedMessage)});
    std::stable_sort(failures.begin(), failures.end(), [](const auto &a, const auto &b) {
        return std::pair(a.seq, a.ended) < std::pair(b.seq, b.ended);
    });
    return failures;
}

void forget_failures(int64 job) {
    PrivateTable table("failure");
    for (const PrivateRow &row : table.all("failure_job", {job}, all_rows))
        (void)table.remove(row);
}

} // namespace pgcrew::bgjob
