#include "catch.hpp"
#include "core/schedule.hpp"
#include "time_zones.hpp"

#include <random>
#include <set>

using namespace cron_test;
using namespace pgcrew::bgjob;

namespace {

using Times = std::vector<std::int64_t>;

const TableZone &london_in_winter() {
    static const TableZone zone = fixed_zone(0);
    return zone;
}

Schedule hourly(Overlap overlap, Catchup catchup) {
    return {.cron = parse_cron("@hourly"),
            .zone = london_in_winter(),
            .overlap = overlap,
            .catchup = catchup};
}

} // namespace

TEST_CASE("a planned time is run when it comes, and then the next one is waited for",
          "[schedule]") {
    const Schedule schedule = hourly(Overlap::Skip, Catchup::None);
    const auto early = decide(schedule, {0, {}}, 0, hour - 1);
    CHECK(early.start.empty());
    CHECK(early.state.settled_us == 0);
    CHECK(early.look_again_us == hour);
    const auto then = decide(schedule, early.state, 0, hour);
    CHECK(then.start == Times{hour});
    CHECK(then.state.settled_us == hour);
    CHECK(then.look_again_us == 2 * hour);
    CHECK_FALSE(then.passed_over);
    const auto again = decide(schedule, then.state, 0, hour);
    CHECK(again.start.empty());
    CHECK(again.state.settled_us == hour);
    CHECK(again.look_again_us == 2 * hour);
}

TEST_CASE("catch-up: what becomes of times when nobody looked", "[schedule]") {
    const auto after = [](Catchup catchup, std::int64_t now) {
        return decide(hourly(Overlap::Allow, catchup), {0, {}}, 0, now);
    };
    // Half an hour late: all three are missed.
    const std::int64_t late = 3 * hour + 30 * minute;
    CHECK(after(Catchup::None, late).start.empty());
    CHECK(after(Catchup::One, late).start == Times{3 * hour});
    CHECK(after(Catchup::All, late).start == Times{hour, 2 * hour, 3 * hour});
    // A second late: the last one is on time.
    CHECK(after(Catchup::None, 3 * hour + second).start == Times{3 * hour});
    CHECK(after(Catchup::One, 3 * hour + second).start == Times{3 * hour});
    CHECK(after(Catchup::All, 3 * hour + second).start == Times{hour, 2 * hour, 3 * hour});
    // As late as is still on time, and later.
    CHECK(after(Catchup::None, hour + minute).start == Times{hour});
    CHECK(after(Catchup::None, hour + minute + 1).start.empty());

    for (const Catchup catchup : {Catchup::None, Catchup::One, Catchup::All}) {
        const auto decision = after(catchup, late);
        CHECK(decision.state.settled_us == 3 * hour);
        CHECK(decision.look_again_us == 4 * hour);
        CHECK(decision.passed_over == (catchup != Catchup::All));
        CHECK(decide(hourly(Overlap::Allow, catchup), decision.state, 0, late).start.empty());
    }
    CHECK(after(Catchup::None, hour + 2 * minute).passed_over);
    CHECK_FALSE(after(Catchup::One, hour + 2 * minute).passed_over);
}

TEST_CASE("catch-up is limited to the latest times", "[schedule]") {
    Schedule schedule = hourly(Overlap::Allow, Catchup::All);
    schedule.max_runs = 3;
    const auto decision = decide(schedule, {0, {}}, 0, 100 * hour);
    CHECK(decision.start == Times{98 * hour, 99 * hour, 100 * hour});
    CHECK(decision.passed_over);
    CHECK(decide(schedule, decision.state, 0, 100 * hour).start.empty());

    Schedule dense{.cron = parse_cron("* * * * * *"), .zone = london_in_winter()};
    dense.overlap = Overlap::Allow;
    dense.catchup = Catchup::All;
    london_in_winter().asked = 0;
    const std::int64_t years = day * 366 * 20;
    const auto bounded = decide(dense, {0, {}}, 0, years);
    REQUIRE(bounded.start.size() == 1000);
    CHECK(bounded.start.front() == years - 999 * second);
    CHECK(bounded.start.back() == years);
    CHECK(london_in_winter().asked < 10000);
}

TEST_CASE("overlap skip: no run while one goes on", "[schedule]") {
    const Schedule schedule = hourly(Overlap::Skip, Catchup::None);
    const auto skipped = decide(schedule, {0, {}}, 1, hour);
    CHECK(skipped.start.empty());
    CHECK(skipped.passed_over);
    CHECK(skipped.state.settled_us == hour);
    CHECK(skipped.state.waiting.empty());
    // That the run has ended does not bring the time back.
    CHECK(decide(schedule, skipped.state, 0, hour + second).start.empty());
    // Several at once would overlap each other.
    const auto caught_up =
        decide(hourly(Overlap::Skip, Catchup::All), {0, {}}, 0, 3 * hour + 30 * minute);
    CHECK(caught_up.start == Times{3 * hour});
    CHECK(caught_up.passed_over);
}

TEST_CASE("overlap allow: whatever goes on, a run starts", "[schedule]") {
    const auto decision = decide(hourly(Overlap::Allow, Catchup::None), {0, {}}, 7, hour);
    CHECK(decision.start == Times{hour});
    CHECK_FALSE(decision.passed_over);
}

TEST_CASE("overlap queue: times wait their turn, in order", "[schedule]") {
    const Schedule schedule = hourly(Overlap::Queue, Catchup::None);
    const auto first = decide(schedule, {0, {}}, 1, hour);
    CHECK(first.start.empty());
    CHECK(first.state.waiting == Times{hour});
    CHECK_FALSE(first.passed_over);
    const auto second_time = decide(schedule, first.state, 1, 2 * hour);
    CHECK(second_time.state.waiting == Times{hour, 2 * hour});
    const auto ended = decide(schedule, second_time.state, 0, 2 * hour + minute);
    CHECK(ended.start == Times{hour});
    CHECK(ended.state.waiting == Times{2 * hour});
    CHECK(ended.state.settled_us == 2 * hour);
    CHECK(ended.look_again_us == 3 * hour);
    const auto ended_again = decide(schedule, ended.state, 0, 2 * hour + 2 * minute);
    CHECK(ended_again.start == Times{2 * hour});
    CHECK(ended_again.state.waiting.empty());
    CHECK(decide(schedule, ended_again.state, 0, 2 * hour + 3 * minute).start.empty());
    // What waits is older than what comes.
    CHECK(decide(schedule, first.state, 0, 2 * hour).start == Times{hour});
    // A long wait does not make a time a missed one.
    CHECK(decide(schedule, second_time.state, 0, 2 * hour + 50 * minute).start == Times{hour});
}

TEST_CASE("overlap queue catches up one after the other, and what waits is limited", "[schedule]") {
    Schedule schedule = hourly(Overlap::Queue, Catchup::All);
    const auto decision = decide(schedule, {0, {}}, 0, 3 * hour + 30 * minute);
    CHECK(decision.start == Times{hour});
    CHECK(decision.state.waiting == Times{2 * hour, 3 * hour});
    schedule.max_runs = 2;
    ScheduleState state{0, {}};
    for (int i = 1; i <= 5; ++i) {
        const auto next = decide(schedule, state, 1, i * hour);
        CHECK(next.passed_over == (i > 2));
        state = next.state;
    }
    CHECK(state.waiting == Times{4 * hour, 5 * hour});
}

TEST_CASE("what waits is not lost when the overlap is changed", "[schedule]") {
    const ScheduleState waiting{2 * hour, {hour, 2 * hour}};
    const auto allow = decide(hourly(Overlap::Allow, Catchup::None), waiting, 1, 3 * hour);
    CHECK(allow.start == Times{hour, 2 * hour, 3 * hour});
    CHECK(allow.state.waiting.empty());
    const auto skip = decide(hourly(Overlap::Skip, Catchup::None), waiting, 0, 2 * hour + second);
    CHECK(skip.start == Times{2 * hour});
    CHECK(skip.passed_over);
    CHECK(skip.state.waiting.empty());
}

TEST_CASE("a clock that is set back repeats no run", "[schedule]") {
    for (const Catchup catchup : {Catchup::None, Catchup::One, Catchup::All}) {
        const Schedule schedule = hourly(Overlap::Allow, catchup);
        const auto ran = decide(schedule, {4 * hour, {}}, 0, 5 * hour);
        CHECK(ran.start == Times{5 * hour});
        const auto back = decide(schedule, ran.state, 0, 2 * hour);
        CHECK(back.start.empty());
        CHECK(back.state.settled_us == 5 * hour);
        CHECK(back.look_again_us == 6 * hour);
        CHECK(decide(schedule, back.state, 0, 5 * hour + minute).start.empty());
        CHECK(decide(schedule, back.state, 0, 6 * hour).start == Times{6 * hour});
    }
}

TEST_CASE("a schedule that comes no more is not looked at again", "[schedule]") {
    const auto decision =
        decide(hourly(Overlap::Skip, Catchup::None), {0, {}}, 0, utc("9999-12-31 23:30"));
    CHECK_FALSE(decision.look_again_us);
}

TEST_CASE("whatever the clock does and runs last: no time twice, in order, none without reason",
          "[schedule]") {
    std::mt19937_64 random(11);
    const auto below = [&random](std::int64_t n) {
        return static_cast<std::int64_t>(random() >> 1) % n;
    };
    const TableZone zone = new_york();
    int complete = 0;
    for (int story = 0; story < 300; ++story) {
        const Schedule schedule{.cron =
                                    parse_cron(story % 2 == 0 ? "*/7 * * * *" : "*/7 1-3 * * *"),
                                .zone = zone,
                                .overlap = static_cast<Overlap>(story % 3),
                                .catchup = static_cast<Catchup>(story / 3 % 3),
                                .max_runs = story % 4 < 2 ? 20U : 5000U};
        std::int64_t now = utc("2026-10-31 12:00");
        std::int64_t latest = now;
        ScheduleState state{now, {}};
        std::set<std::int64_t> started;
        int running = 0;
        bool passed_over = false;
        for (int look = 0; look < 150; ++look) {
            const auto decision = decide(schedule, state, running, now);
            for (const std::int64_t planned : decision.start) {
                REQUIRE(planned <= latest);
                REQUIRE((started.empty() || planned > *started.rbegin()));
                REQUIRE(next_after(schedule.cron, zone, planned - 1) == planned);
                started.insert(planned);
            }
            running += static_cast<int>(decision.start.size());
            REQUIRE((schedule.overlap == Overlap::Allow || running <= 1));
            REQUIRE(decision.state.waiting.size() <= schedule.max_runs);
            REQUIRE(decision.state.settled_us >= state.settled_us);
            REQUIRE(decision.look_again_us > now);
            passed_over = passed_over || decision.passed_over;
            state = decision.state;
            running -= static_cast<int>(below(running + 1));
            switch (below(8)) {
            case 0:
                now -= below(2 * hour);
                break;
            case 1:
                now += below(5 * hour);
                break;
            default:
                now = std::max(now, *decision.look_again_us) - below(2) * below(minute);
            }
            latest = std::max(latest, now);
        }
        // All times are accounted for, if nothing was passed over.
        if (!passed_over) {
            ++complete;
            started.insert(state.waiting.begin(), state.waiting.end());
            std::int64_t at = utc("2026-10-31 12:00");
            for (const std::int64_t planned : started) {
                REQUIRE(next_after(schedule.cron, zone, at) == planned);
                at = planned;
            }
            REQUIRE(at == std::max(state.settled_us, utc("2026-10-31 12:00")));
        }
    }
    CHECK(complete > 20);
}

TEST_CASE("what to do with overlap and missed times is told by words", "[schedule]") {
    CHECK(parse_overlap("skip") == Overlap::Skip);
    CHECK(parse_overlap("queue") == Overlap::Queue);
    CHECK(parse_overlap("allow") == Overlap::Allow);
    CHECK(parse_catchup("none") == Catchup::None);
    CHECK(parse_catchup("one") == Catchup::One);
    CHECK(parse_catchup("all") == Catchup::All);
    for (const char *word : {"", "Skip", "skip ", "none"})
        CHECK_THROWS_WITH(parse_overlap(word), "unknown overlap \"" + std::string(word) + "\"");
    for (const char *word : {"", "ALL", "some", "skip"})
        CHECK_THROWS_WITH(parse_catchup(word), "unknown catchup \"" + std::string(word) + "\"");
}
