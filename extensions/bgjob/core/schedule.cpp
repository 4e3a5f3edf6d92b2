#include "core/schedule.hpp"

#include "pgcrew/error.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace pgcrew::bgjob {
namespace {

struct Due {
    std::vector<std::int64_t> times; // to be run, oldest first
    std::int64_t settled_us;
    bool passed_over = false;
};

// The planned times since the last look, as far as the catch-up wants them.
Due due(const Schedule &schedule, std::int64_t settled, std::int64_t now) {
    auto planned = last_until(schedule.cron, schedule.zone, settled, now);
    if (!planned)
        return {{}, settled};
    Due result{{}, *planned};
    const bool on_time = *planned >= now - schedule.tolerance_us;
    const std::size_t wanted = schedule.catchup == Catchup::All              ? schedule.max_runs
                               : schedule.catchup == Catchup::One || on_time ? 1
                                                                             : 0;
    while (planned && result.times.size() < wanted) {
        result.times.push_back(*planned);
        planned = last_until(schedule.cron, schedule.zone, settled, *planned - 1);
    }
    result.passed_over = planned.has_value();
    std::reverse(result.times.begin(), result.times.end());
    return result;
}

void drop_all_but_last(std::vector<std::int64_t> &times, std::size_t keep, bool &dropped) {
    if (times.size() <= keep)
        return;
    times.erase(times.begin(), times.end() - static_cast<std::ptrdiff_t>(keep));
    dropped = true;
}

[[noreturn]] void unknown(const std::string &what, std::string_view word, const char *known) {
    throw Error(sqlstate::invalid_parameter_value,
                "unknown " + what + " \"" + std::string(word) + "\"", {}, known);
}

} // namespace

Overlap parse_overlap(std::string_view word) {
    if (word == "skip")
        return Overlap::Skip;
    if (word == "queue")
        return Overlap::Queue;
    if (word == "allow")
        return Overlap::Allow;
    unknown("overlap", word, "It is skip, queue or allow.");
}

Catchup parse_catchup(std::string_view word) {
    if (word == "none")
        return Catchup::None;
    if (word == "one")
        return Catchup::One;
    if (word == "all")
        return Catchup::All;
    unknown("catchup", word, "It is none, one or all.");
}

ScheduleDecision decide(const Schedule &schedule, ScheduleState state, int unfinished,
                        std::int64_t now_us) {
    const Due now_due = due(schedule, state.settled_us, now_us);
    ScheduleDecision decision;
    decision.passed_over = now_due.passed_over;
    decision.state.settled_us = now_due.settled_us;

    std::vector<std::int64_t> &start = decision.start;
    start = std::move(state.waiting);
    start.insert(start.end(), now_due.times.begin(), now_due.times.end());
    switch (schedule.overlap) {
    case Overlap::Allow:
        break;
    case Overlap::Skip:
        drop_all_but_last(start, unfinished > 0 ? 0 : 1, decision.passed_over);
        break;
    case Overlap::Queue:
        drop_all_but_last(start, schedule.max_runs, decision.passed_over);
        const std::ptrdiff_t now = unfinished > 0 || start.empty() ? 0 : 1;
        decision.state.waiting.assign(start.begin() + now, start.end());
        start.resize(static_cast<std::size_t>(now));
        break;
    }
    // If the clock was set back, what is settled lies ahead of it.
    decision.look_again_us =
        next_after(schedule.cron, schedule.zone, std::max(now_us, decision.state.settled_us));
    return decision;
}

} // namespace pgcrew::bgjob
