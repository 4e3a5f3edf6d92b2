#include "pg/compat_outcome.hpp"

namespace pgcrew::bgjob::pg_background {

const char *state_word(const std::optional<Standing> &standing) {
    if (!standing)
        return "stopped";
    switch (standing->state) {
    case JobState::Queued:
    case JobState::Starting:
        return "starting";
    case JobState::Running:
        return "running";
    case JobState::Succeeded:
        return "stopped";
    case JobState::Cancelled:
        return "canceled";
    case JobState::Failed:
    case JobState::Lost:
        break;
    }
    return standing->timed_out ? "canceled" : "error";
}

std::string command_word(const Standing &standing) {
    const std::size_t end = standing.command_tag.find_last_not_of(" 0123456789");
    return end == std::string::npos ? "" : standing.command_tag.substr(0, end + 1);
}

Outcome outcome_of(std::optional<int32> pid, std::optional<int64> cookie) {
    Outcome o;
    o.pid = pid;
    o.cookie = cookie;
    const Attached *job = pid && cookie ? find(*pid, *cookie) : nullptr;
    if (job == nullptr)
        return o;
    const std::optional<Standing> standing = standing_of(*job);
    o.state = state_word(standing);
    o.consumed = false; // taking the rows takes the job off the list
    if (!job->label.empty())
        o.label = job->label;
    o.launched_at = job->launched_at;
    if (!standing)
        return o;
    o.completed = finished(standing->state);
    o.has_error = standing->error.sqlstate != 0;
    o.row_count = standing->rows;
    o.command_tag = command_word(*standing);
    if (*o.has_error) {
        o.sqlstate = SqlState(standing->error.sqlstate).text();
        o.error_message = standing->error.message;
    }
    return o;
}

} // namespace pgcrew::bgjob::pg_background
