// What sessions do with a job after its launch, but for reading its rows.
#pragma once
#include "pg/launch.hpp"

#include <optional>
#include <vector>

namespace pgcrew::bgjob {

inline constexpr int64 longest_grace_ms = 3600000;

// True if the job has ended, false if the time ran out first. A negative timeout means no limit.
bool wait_for_end(JobId id, int64 cookie, int64 timeout_ms);

// The first of the jobs to have ended; empty if the time ran out first.
std::optional<Handle> wait_for_any(const std::vector<Handle> &handles, int64 timeout_ms);

// Asks the job to stop; with a grace waits that long (at most longest_grace_ms) and then ends the
// worker's session. True if the job has ended.
bool cancel_job(JobId id, int64 cookie, int64 grace_ms);

// Makes the job nameless: a finished one is gone, an unfinished one ends by itself.
void detach_job(JobId id, int64 cookie);

// Takes back a job that no worker has taken; false if one has.
bool withdraw(JobId id);

} // namespace pgcrew::bgjob
