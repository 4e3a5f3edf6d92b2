// What a schedule does at a given moment: which of its planned times become runs now, and when to
// look again. Pure: the caller reads the state, decides, and stores the state in the transaction
// that starts the runs, so no planned time is run twice and none is lost.
//
// Every planned time is settled once. Of those that came since the last look, the latest is on time
// unless it is older than the tolerance; the others are missed, as nobody looked. What is settled
// only moves forward, so a clock that is set back repeats nothing: the schedule waits until the
// clock is past where it was.
#pragma once
#include "core/fire_time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace pgcrew::bgjob {

// What becomes of a planned time while an earlier run has not ended.
enum class Overlap : std::uint8_t {
    Skip,  // it has no run; of several times at once the latest is run
    Queue, // it waits its turn; one run at a time, in order
    Allow  // it runs all the same
};

// What becomes of missed times.
enum class Catchup : std::uint8_t {
    None, // they have no run
    One,  // one run stands for all of them, and for the one on time if there is one
    All   // each is run, up to the limit; the latest ones if there are more
};

// As users write them: "skip", "queue", "allow"; "none", "one", "all". 22023 for any other word.
Overlap parse_overlap(std::string_view word);
Catchup parse_catchup(std::string_view word);

struct Schedule {
    CronExpression cron;
    const TimeZone &zone;
    Overlap overlap = Overlap::Skip;
    Catchup catchup = Catchup::None;
    std::size_t max_runs = 1000;            // caught up at once, and waiting; at least 1
    std::int64_t tolerance_us = 60'000'000; // so late a run is still on time
};

struct ScheduleState {
    // All planned times up to here are settled. At first the time the schedule was made.
    std::int64_t settled_us = 0;
    // Planned times that will be run when what runs has ended, oldest first. For Queue alone.
    std::vector<std::int64_t> waiting;
};

struct ScheduleDecision {
    ScheduleState state;             // to be stored
    std::vector<std::int64_t> start; // the planned times to run now, oldest first
    bool passed_over = false;        // some planned time will have no run
    // The next planned time; none if there is none before the year 10000. While runs wait, the end
    // of a run is a reason to look, too.
    std::optional<std::int64_t> look_again_us;
};

// `unfinished`: runs of this schedule that were started and have not ended.
ScheduleDecision decide(const Schedule &schedule, ScheduleState state, int unfinished,
                        std::int64_t now_us);

} // namespace pgcrew::bgjob
