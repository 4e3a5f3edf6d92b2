// How tasks fail: because the program says so, because its lease ran out, or because the workflow
// waits no longer.
#pragma once
#include "pg/durable/task_table.hpp"
#include "pgcrew/server_error.hpp"

namespace pgcrew::bgjob {

namespace task_error {
inline constexpr SqlState failed{"38000"}; // the program gave no other
inline constexpr SqlState timed_out{"JB001"};
inline constexpr SqlState lease_ran_out{"JB002"};
} // namespace task_error

// In a transaction: the running attempt has failed. The task waits to be fetched again, or has
// failed for good and its workflow is told. False if somebody else has the row.
[[nodiscard]] bool fail_attempt(TaskTable &tasks, const Task &task, const ServerErrorData &error,
                                bool retryable);

// Writes down a failed attempt and no more.
void note_failure(const Task &task, const ServerErrorData &error);

ServerErrorData lease_ran_out(const Task &task);
ServerErrorData task_timed_out(const std::string &name);

} // namespace pgcrew::bgjob
