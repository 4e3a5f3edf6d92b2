#include "pg/durable/step_failure.hpp"

#include "pg/durable/optional_json.hpp"
#include "pg/durable/step_table.hpp"
#include "pg/durable/top_level.hpp"
#include "pg/durable/utf8.hpp"
#include "pgcrew/json.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <common/pg_prng.h>
#include <lib/stringinfo.h>
#include <utils/json.h>
}

namespace pgcrew::bgjob {
namespace {

std::string waits_for(const HistoryEntry &entry) {
    return "another attempt of " + std::string(name(entry.kind)) + " " + entry.name;
}

// As a string of JSON.
std::string quoted(const std::string &text) {
    char *json = call([&] {
        StringInfoData buffer;
        initStringInfo(&buffer);
        escape_json(&buffer, text.c_str());
        return buffer.data;
    });
    std::string copy = json;
    call([json] { pfree(json); });
    return copy;
}

} // namespace

std::string failure_record(const ServerErrorData &error) {
    std::string record = "{\"sqlstate\": " + quoted(error.state.text()) +
                         ", \"message\": " + quoted(error.message.value_or(""));
    for (const auto &[key, value] :
         {std::pair{"detail", &error.detail}, {"hint", &error.hint}, {"context", &error.context}})
        if (*value)
            record += ", " + quoted(key) + ": " + quoted(**value);
    return record + "}";
}

RecordedFailure recorded_failure(const HistoryEntry &entry) {
    const Json record = parse_json(to_utf8(entry.result.value_or("{}")));
    const auto text = [&](const char *key) {
        const auto at = record.find(key);
        return at != record.end() && at->is_string() ? from_utf8(at->get<std::string>())
                                                     : std::string();
    };
    return {text("sqlstate"), text("message"), text("detail"), text("hint")};
}

Next settle_failure(Flow &flow, const FlowHistory::Place &place, const RetryPolicy &policy,
                    const ServerErrorData &error, const std::optional<std::string> &args) {
    log_server_error(error);
    HistoryEntry entry = entry_at(flow, place);
    const TimestampTz now = GetCurrentTimestamp();
    ++entry.attempt;
    const auto next = next_attempt(policy, {error.state, entry.attempt, entry.began, now},
                                   pg_prng_uint32(&pg_global_prng_state));
    entry.state = next ? EntryState::Retrying : EntryState::Failed;
    entry.due = next.value_or(0);
    if (!next) {
        entry.ended = now;
        entry.result = failure_record(error);
    }
    bookkeeping([&] {
        note_failed_attempt(flow.job.id, entry.seq, entry.attempt, now, error, args);
        store_entry(flow, entry);
        if (next)
            suspend(flow, DurableEvent::FailForNow, *next, waits_for(entry));
    });
    flow.history.store(std::move(entry));
    return next ? Next::Suspended : Next::Again;
}

Next RetryLater::settle(Flow &flow) {
    bookkeeping([&] { suspend(flow, DurableEvent::FailForNow, entry_.due, waits_for(entry_)); });
    return Next::Suspended;
}

void raise_recorded_failure(Flow &flow, const HistoryEntry &entry) {
    const RecordedFailure failure = recorded_failure(entry);
    flow.raised_failure = true;
    throw Error(SqlState::of(failure.sqlstate), failure.message, failure.detail, failure.hint);
}

Datum result_record(FunctionCallInfo fcinfo, const std::optional<std::string> &json) {
    const OptionalJson value(json);
    return Record(fcinfo).make({value.value()});
}

} // namespace pgcrew::bgjob
