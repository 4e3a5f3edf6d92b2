#include "catch.hpp"
#include "core/retention.hpp"

#include <climits>
#include <set>

using namespace pgcrew::bgjob;

namespace {

constexpr Day july_21 = 20655; // of 2026
constexpr std::int64_t noon = july_21 * day + 12 * hour;
constexpr Keep for_ever{Keep::What::All, 0};
constexpr Keep failed{Keep::What::Failed, 0};
constexpr Keep none{Keep::What::None, 0};
constexpr Keep week{Keep::What::All, 7 * day};
constexpr Keep short_time{Keep::What::All, minute};

// The days from `first` to `last`.
std::vector<Day> span_of_days(Day first, Day last) {
    std::vector<Day> days;
    for (Day one = first; one <= last; ++one)
        days.push_back(one);
    return days;
}

std::vector<Day> droppable(const std::vector<Day> &existing, const std::vector<Keep> &queues,
                           std::int64_t now = noon) {
    return droppable_days(existing, queues, now);
}

} // namespace

TEST_CASE("a day begins at midnight of UTC", "[retention]") {
    CHECK(day_of(0) == 0);
    CHECK(day_of(day - 1) == 0);
    CHECK(day_of(day) == 1);
    CHECK(day_of(noon) == july_21);
    CHECK(day_of(-1) == 0); // no partition is older than time itself
    CHECK(day_of(INT64_MIN) == 0);
    CHECK(partition_name("x", day_of(INT64_MAX)) == "x_99991231");
}

TEST_CASE("a partition is named by its day", "[retention]") {
    CHECK(partition_name("job_run", july_21) == "job_run_20260721");
    CHECK(partition_name("job_run", 0) == "job_run_19700101");
    CHECK(partition_name("job_run", 19'782) == "job_run_20240229");
    CHECK(partition_day("job_run", "job_run_20260721") == july_21);
    for (Day one = 0; one < 80'000; ++one)
        REQUIRE(partition_day("h", partition_name("h", one)) == one);
}

TEST_CASE("other names are no partitions of ours", "[retention]") {
    for (const char *name :
         {"", "job_run", "job_run_", "job_run_2026072", "job_run_202607211", "job_ran_20260721",
          "job_run-20260721", "job_run_20260732", "job_run_20261301", "job_run_20260229",
          "job_run_20260700", "job_run_00000101", "job_run_19691231", "job_run_2026 721",
          "job_run_+2026721", "job_run_-2026721", "job_run_2026072x", "xjob_run_20260721"}) {
        INFO(name);
        CHECK_FALSE(partition_day("job_run", name).has_value());
    }
}

TEST_CASE("the bounds of a partition meet those of the next", "[retention]") {
    const PartitionBounds bounds = partition_bounds(july_21);
    CHECK(bounds.from == "2026-07-21 00:00:00+00");
    CHECK(bounds.to == "2026-07-22 00:00:00+00");
    CHECK(partition_bounds(day_of(INT64_MAX)).to == "10000-01-01 00:00:00+00");
    for (Day one = july_21 - 800; one < july_21 + 800; ++one)
        REQUIRE(partition_bounds(one).to == partition_bounds(one + 1).from);
}

TEST_CASE("a day is dropped when it is over for every queue", "[retention]") {
    const auto existing = span_of_days(july_21 - 20, july_21 + 3);
    CHECK(droppable(existing, {week}) == span_of_days(july_21 - 20, july_21 - 8));
    CHECK(droppable(existing, {short_time, week, none}) == span_of_days(july_21 - 20, july_21 - 8));
    CHECK(droppable(existing, {week, for_ever}).empty());
    CHECK(droppable(existing, {short_time}) == span_of_days(july_21 - 20, july_21 - 1));
    CHECK(droppable(existing, {none, failed}) == span_of_days(july_21 - 20, july_21 - 1));
    CHECK(droppable(existing, {}) == span_of_days(july_21 - 20, july_21 - 1));
    CHECK(droppable({}, {week}).empty());
}

TEST_CASE("nothing goes before its last job is old enough", "[retention]") {
    // Just after midnight the day before yesterday is over for a queue that keeps a day; the last
    // of yesterday's jobs is a moment old.
    const std::int64_t midnight = july_21 * day;
    const Keep one_day{Keep::What::All, day};
    const auto existing = span_of_days(july_21 - 3, july_21);
    CHECK(droppable(existing, {one_day}, midnight - 1) == span_of_days(july_21 - 3, july_21 - 3));
    CHECK(droppable(existing, {one_day}, midnight) == span_of_days(july_21 - 3, july_21 - 2));
    CHECK(droppable(existing, {one_day}, midnight + day - 1) ==
          span_of_days(july_21 - 3, july_21 - 2));
    for (std::int64_t now = midnight; now < midnight + 3 * day; now += 7 * minute)
        for (const Day gone : droppable(existing, {one_day}, now))
            REQUIRE((gone + 1) * day <= now - one_day.for_us);
}

TEST_CASE("the days to come are made ahead, once", "[retention]") {
    CHECK(days_to_create({}, noon, 2) == span_of_days(july_21, july_21 + 2));
    const std::vector<Day> existing{july_21 - 1, july_21, july_21 + 2};
    CHECK(days_to_create(existing, noon, 3) == std::vector<Day>{july_21 + 1, july_21 + 3});
    CHECK(days_to_create(span_of_days(july_21, july_21 + 3), noon, 3).empty());
    CHECK(days_to_create({}, INT64_MAX, 3).size() == 1);
}

TEST_CASE("what is made is not dropped, and what is dropped is not made again", "[retention]") {
    for (const Keep &keep : {short_time, week, none, failed, for_ever}) {
        std::set<Day> there;
        for (std::int64_t now = noon; now < noon + 30 * day; now += 5 * hour) {
            const std::vector<Day> before(there.begin(), there.end());
            const auto made = days_to_create(before, now, 3);
            there.insert(made.begin(), made.end());
            REQUIRE(there.count(day_of(now)) == 1);
            const std::vector<Day> all(there.begin(), there.end());
            for (const Day gone : droppable(all, {keep}, now)) {
                CHECK(gone < day_of(now));
                there.erase(gone);
            }
        }
        CHECK(there.size() <= (keep == for_ever ? 40U : 12U));
    }
}
