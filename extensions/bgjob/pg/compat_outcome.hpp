// State, result and error of a job in one row, in pg_background's words.
#pragma once
#include "pg/compat_session.hpp"
#include "pg/sql_values.hpp"

namespace pgcrew::bgjob::pg_background {

const char *state_word(const std::optional<Standing> &standing);

// The command without its counts: "INSERT" of "INSERT 0 1".
std::string command_word(const Standing &standing);

// What is not known is empty.
struct Outcome {
    std::optional<int32> pid;
    std::optional<int64> cookie;
    std::optional<std::string> state;
    std::optional<bool> consumed, completed, has_error;
    std::optional<int64> row_count;
    std::optional<std::string> command_tag, sqlstate, error_message, label;
    TimestampTz launched_at = 0;

    // Calls put(list of values), this row's and then those of `more`.
    template <class Put, class... More> auto put_into(Put put, More... more) const {
        return put({pid, cookie, state, consumed, completed, has_error, row_count, command_tag,
                    sqlstate, error_message, label, moment(launched_at), more...});
    }
};

// Never throws for a job that is not known or not the caller's: all but its name is empty then.
Outcome outcome_of(std::optional<int32> pid, std::optional<int64> cookie);

} // namespace pgcrew::bgjob::pg_background
