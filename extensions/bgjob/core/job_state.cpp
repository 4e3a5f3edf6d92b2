#include "core/job_state.hpp"

namespace pgcrew::bgjob {

const char *name(JobState state) noexcept {
    switch (state) {
    case JobState::Queued:
        return "queued";
    case JobState::Starting:
        return "starting";
    case JobState::Running:
        return "running";
    case JobState::Succeeded:
        return "succeeded";
    case JobState::Failed:
        return "failed";
    case JobState::Cancelled:
        return "cancelled";
    case JobState::Lost:
        return "lost";
    }
    return "unknown";
}

bool finished(JobState state) noexcept { return state >= JobState::Succeeded; }

bool may_follow(JobState from, JobState to) noexcept {
    switch (from) {
    case JobState::Queued:
        return to == JobState::Starting || to == JobState::Failed || to == JobState::Cancelled;
    case JobState::Starting:
        return to == JobState::Running || to == JobState::Queued || to == JobState::Failed ||
               to == JobState::Cancelled;
    case JobState::Running:
        return finished(to);
    default:
        return false;
    }
}

} // namespace pgcrew::bgjob
