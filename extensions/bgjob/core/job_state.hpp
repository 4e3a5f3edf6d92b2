// The life of a launched job: one table says which step may follow which.
//
//   queued -> starting -> running -> succeeded | failed | cancelled
//   queued -> failed | cancelled            (no worker could be had; cancelled before it ran)
//   starting -> queued                      (its worker left before it began)
//   running -> lost                         (its worker died)
#pragma once
#include <cstdint>

namespace pgcrew::bgjob {

enum class JobState : std::uint8_t {
    Queued,
    Starting,
    Running,
    Succeeded,
    Failed,
    Cancelled,
    Lost
};

// The word users see.
const char *name(JobState state) noexcept;

bool finished(JobState state) noexcept;

// Whether a job in state `from` may move to `to`.
bool may_follow(JobState from, JobState to) noexcept;

} // namespace pgcrew::bgjob
