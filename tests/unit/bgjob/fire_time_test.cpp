#include "catch.hpp"
#include "core/fire_time.hpp"
#include "pgcrew/error.hpp"
#include "time_zones.hpp"

#include <limits>
#include <string>
#include <vector>

using namespace cron_test;
using pgcrew::bgjob::last_until;
using pgcrew::bgjob::next_after;
using pgcrew::bgjob::parse_cron;

namespace {

std::string text_of(std::int64_t us, std::int64_t offset_s = 0) {
    const std::tm tm = civil(us / second + offset_s);
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year + 1900,
                  tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    return text;
}

// The next local times after an instant in UTC.
std::vector<std::string> fires(const std::string &cron, const TimeZone &zone,
                               const std::string &after, int count) {
    std::vector<std::string> found;
    std::int64_t at = utc(after);
    for (int i = 0; i < count; ++i) {
        const auto next = next_after(parse_cron(cron), zone, at);
        if (!next)
            return found;
        CHECK(*next > at);
        at = *next;
        found.push_back(text_of(at, zone.at(at / second).offset_s).substr(0, 16));
    }
    return found;
}

using Times = std::vector<std::string>;

} // namespace

TEST_CASE("the next time of an expression in UTC", "[cron][fire_time]") {
    const struct {
        const char *cron, *after, *next;
    } table[] = {
        {"* * * * *", "2024-02-28 23:59:00", "2024-02-29 00:00:00"},
        {"* * * * *", "2024-02-28 23:58:59", "2024-02-28 23:59:00"},
        {"*/15 * * * *", "2026-01-01 00:14:59", "2026-01-01 00:15:00"},
        {"0 12 * * *", "2026-01-01 12:00:00", "2026-01-02 12:00:00"},
        {"30 4 1,15 * *", "2026-01-01 05:00:00", "2026-01-15 04:30:00"},
        {"0 0 31 * *", "2026-01-31 00:00:00", "2026-03-31 00:00:00"},
        {"0 0 31 * *", "2026-03-31 00:00:00", "2026-05-31 00:00:00"},
        {"0 0 31 4,5 sun", "2026-04-26 00:00:00", "2026-05-03 00:00:00"},
        {"0 0 L * *", "2026-01-31 00:00:00", "2026-02-28 00:00:00"},
        {"0 0 L 2 *", "2026-03-01 00:00:00", "2027-02-28 00:00:00"},
        {"0 0 L 2 *", "2027-03-01 00:00:00", "2028-02-29 00:00:00"},
        {"0 0 29 2 *", "2024-02-29 00:00:00", "2028-02-29 00:00:00"},
        {"0 0 29 2 *", "2096-02-29 00:00:00", "2104-02-29 00:00:00"},
        {"0 0 29 2 */7", "2088-02-29 00:00:00", "2128-02-29 00:00:00"},
        {"0 0 13 * fri", "2026-02-01 00:00:00", "2026-02-06 00:00:00"},
        {"0 0 13 * fri", "2026-03-06 00:00:00", "2026-03-13 00:00:00"},
        {"0 0 13 * fri", "2026-04-10 00:00:00", "2026-04-13 00:00:00"},
        {"0 0 */2 * fri", "2026-02-01 00:00:00", "2026-02-13 00:00:00"},
        {"0 9-17 * * mon-fri", "2026-11-20 17:00:00", "2026-11-23 09:00:00"},
        {"0 22-2 * * *", "2026-11-20 02:00:00", "2026-11-20 22:00:00"},
        {"@weekly", "2026-11-21 00:00:00", "2026-11-22 00:00:00"},
        {"@monthly", "2026-12-01 00:00:00", "2027-01-01 00:00:00"},
        {"@yearly", "2026-01-01 00:00:00", "2027-01-01 00:00:00"},
        {"@hourly", "2026-12-31 23:00:00", "2027-01-01 00:00:00"},
        {"59 59 23 31 12 *", "2025-12-31 23:59:59", "2026-12-31 23:59:59"},
        {"*/20 * * * * *", "2026-01-01 00:00:40", "2026-01-01 00:01:00"},
        {"5 4 3 2 1 *", "2026-01-02 03:04:04", "2026-01-02 03:04:05"},
        {"30 59 * * * *", "2026-01-01 00:59:30", "2026-01-01 01:59:30"},
        {"@every 90s", "2026-01-01 00:00:00", "2026-01-01 00:01:30"},
        {"@every 90s", "2026-01-01 00:01:29", "2026-01-01 00:01:30"},
        {"0 0 1 1 *", "1969-06-01 00:00:00", "1970-01-01 00:00:00"},
        {"@every 1d", "1969-12-31 12:00:00", "1970-01-01 00:00:00"},
        {"59 23 31 12 *", "9999-01-01 00:00:00", "9999-12-31 23:59:00"},
    };
    const auto zone = fixed_zone(0);
    for (const auto &row : table) {
        INFO(row.cron << " after " << row.after);
        const auto next = next_after(parse_cron(row.cron), zone, utc(row.after));
        CHECK((next ? text_of(*next) : "never") == row.next);
    }
}

TEST_CASE("parts of a second count", "[cron][fire_time]") {
    const auto zone = fixed_zone(0);
    const auto cron = parse_cron("* * * * * *");
    CHECK(next_after(cron, zone, 0) == second);
    CHECK(next_after(cron, zone, 1) == second);
    CHECK(next_after(cron, zone, second - 1) == second);
    CHECK(next_after(cron, zone, -1) == 0);
    CHECK(next_after(cron, zone, -second) == 0);
    CHECK(next_after(cron, zone, -second - 1) == -second);
}

TEST_CASE("no time comes after the year 9999, and any instant may be asked for",
          "[cron][fire_time]") {
    const auto cron = parse_cron("* * * * * *");
    for (const std::int64_t offset : {0, -43200, 50400}) {
        const auto zone = fixed_zone(offset);
        const std::int64_t end = utc("9999-12-31 23:59:59");
        CHECK(next_after(cron, zone, end - second) == end);
        CHECK_FALSE(next_after(cron, zone, end));
        CHECK_FALSE(next_after(cron, zone, std::numeric_limits<std::int64_t>::max()));
        CHECK_FALSE(next_after(parse_cron("0 0 29 2 *"), zone, utc("9996-03-02 00:00")));
        CHECK_FALSE(next_after(parse_cron("@every 366d"), zone, end - 5 * second));
        const auto first = next_after(cron, zone, std::numeric_limits<std::int64_t>::min());
        CHECK(first == utc("0001-01-01 00:00:01"));
    }
}

TEST_CASE("a time that the gap in spring skips fires right after it, once", "[cron][fire_time]") {
    const auto zone = new_york();
    CHECK(fires("30 2 * * *", zone, "2026-03-07 12:00", 2) ==
          Times{"2026-03-08 03:00", "2026-03-09 02:30"});
    CHECK(fires("0 2 * * *", zone, "2026-03-07 12:00", 2) ==
          Times{"2026-03-08 03:00", "2026-03-09 02:00"});
    CHECK(fires("30 2 8 3 *", zone, "2026-03-07 12:00", 2) ==
          Times{"2026-03-08 03:00", "2027-03-08 02:30"});
    // Several skipped times, and one that is due then anyway, are one run.
    CHECK(fires("*/10 2-3 * * *", zone, "2026-03-08 06:00", 3) ==
          Times{"2026-03-08 03:00", "2026-03-08 03:10", "2026-03-08 03:20"});
    // Just before the gap and at its end nothing is special.
    CHECK(fires("59 1 * * *", zone, "2026-03-08 06:00", 2) ==
          Times{"2026-03-08 01:59", "2026-03-09 01:59"});
    CHECK(fires("0 3 * * *", zone, "2026-03-08 06:00", 2) ==
          Times{"2026-03-08 03:00", "2026-03-09 03:00"});
}

TEST_CASE("what fires in every hour does so as the clock shows", "[cron][fire_time]") {
    const auto zone = new_york();
    CHECK(fires("*/15 * * * *", zone, "2026-03-08 06:40", 3) ==
          Times{"2026-03-08 01:45", "2026-03-08 03:00", "2026-03-08 03:15"});
    CHECK(fires("5 * * * *", zone, "2026-03-08 06:00", 3) ==
          Times{"2026-03-08 01:05", "2026-03-08 03:05", "2026-03-08 04:05"});
}

TEST_CASE("a time that autumn repeats fires once if the hours are restricted",
          "[cron][fire_time]") {
    const auto zone = new_york();
    const auto cron = parse_cron("30 1 * * *");
    const auto first = next_after(cron, zone, utc("2026-11-01 00:00"));
    CHECK(first == utc("2026-11-01 05:30")); // the first of the two, in summer time
    CHECK(next_after(cron, zone, *first) == utc("2026-11-02 06:30"));
    // The same when asked within the repeated hour, where nobody knows what ran.
    CHECK(next_after(cron, zone, utc("2026-11-01 06:10")) == utc("2026-11-02 06:30"));
    CHECK(next_after(parse_cron("0 1-2 * * *"), zone, utc("2026-11-01 05:00")) ==
          utc("2026-11-01 07:00"));
    CHECK(next_after(parse_cron("0 2 * * *"), zone, utc("2026-11-01 05:00")) ==
          utc("2026-11-01 07:00"));
}

TEST_CASE("a time that autumn repeats fires each time if every hour matches", "[cron][fire_time]") {
    const auto zone = new_york();
    const auto cron = parse_cron("*/30 * * * *");
    std::int64_t at = utc("2026-11-01 04:50");
    for (const char *next : {"2026-11-01 05:00", "2026-11-01 05:30", "2026-11-01 06:00",
                             "2026-11-01 06:30", "2026-11-01 07:00"}) {
        CHECK(next_after(cron, zone, at) == utc(next));
        at = utc(next);
    }
    CHECK(next_after(parse_cron("45 0-23 * * *"), zone, utc("2026-11-01 05:45")) ==
          utc("2026-11-01 06:45"));
}

TEST_CASE("half an hour of daylight saving time", "[cron][fire_time]") {
    const auto zone = lord_howe();
    // 2026-10-04 02:00 becomes 02:30; 2026-04-05 02:00 becomes 01:30.
    CHECK(fires("15 2 * * *", zone, "2026-10-03 12:00", 2) ==
          Times{"2026-10-04 02:30", "2026-10-05 02:15"});
    CHECK(fires("45 2 * * *", zone, "2026-10-03 12:00", 1) == Times{"2026-10-04 02:45"});
    CHECK(fires("45 1 * * *", zone, "2026-04-04 12:00", 2) ==
          Times{"2026-04-05 01:45", "2026-04-06 01:45"});
    CHECK(fires("*/15 * * * *", zone, "2026-04-04 14:29", 6) ==
          Times{"2026-04-05 01:30", "2026-04-05 01:45", "2026-04-05 01:30", "2026-04-05 01:45",
                "2026-04-05 02:00", "2026-04-05 02:15"});
}

TEST_CASE("a day that is left out", "[cron][fire_time]") {
    const auto zone = apia();
    CHECK(fires("0 12 * * *", zone, "2011-12-29 12:00", 4) ==
          Times{"2011-12-29 12:00", "2011-12-31 00:00", "2011-12-31 12:00", "2012-01-01 12:00"});
    CHECK(fires("0 0 30 12 *", zone, "2011-12-01 12:00", 2) ==
          Times{"2011-12-31 00:00", "2012-12-30 00:00"});
    CHECK(fires("0 0 * * fri", zone, "2011-12-28 12:00", 2) ==
          Times{"2011-12-31 00:00", "2012-01-06 00:00"});
    CHECK(fires("59 23 * * *", zone, "2011-12-30 09:00", 3) ==
          Times{"2011-12-29 23:59", "2011-12-31 00:00", "2011-12-31 23:59"});
}

TEST_CASE("a gap at midnight", "[cron][fire_time]") {
    const auto zone = midnight_zone();
    CHECK(fires("@daily", zone, "2015-10-17 12:00", 2) ==
          Times{"2015-10-18 01:00", "2015-10-19 00:00"});
    CHECK(fires("30 0 18 10 *", zone, "2015-10-17 12:00", 1) == Times{"2015-10-18 01:00"});
    CHECK(fires("30 23 * * sat", zone, "2015-02-21 12:00", 2) ==
          Times{"2015-02-21 23:30", "2015-02-28 23:30"});
}

TEST_CASE("offsets that are no whole hours", "[cron][fire_time]") {
    CHECK(next_after(parse_cron("0 0 * * *"), fixed_zone(20700), utc("2026-01-01 00:00")) ==
          utc("2026-01-01 18:15"));
    CHECK(next_after(parse_cron("0 0 * * *"), fixed_zone(-17762), utc("1880-01-01 00:00")) ==
          utc("1880-01-01 04:56:02"));
}

TEST_CASE("a search is short however far away the time is", "[cron][fire_time]") {
    const auto zone = new_york();
    const auto asked = [&zone](const char *cron, const char *after, const char *next) {
        zone.asked = 0;
        CHECK(next_after(parse_cron(cron), zone, utc(after)) == utc(next));
        return zone.asked;
    };
    CHECK(asked("* * * * * *", "2026-01-01 00:00", "2026-01-01 00:00:01") == 1);
    CHECK(asked("0 0 1 1 *", "2026-01-01 05:00", "2027-01-01 05:00") <= 5);
    CHECK(asked("0 0 29 2 */7", "2032-03-01 00:00", "2060-02-29 05:00") <= 60);
}

TEST_CASE("all expressions that are accepted fire within the horizon, and the rarest ones too",
          "[cron][fire_time]") {
    const auto zone = fixed_zone(0);
    for (const std::string weekday : {"*/7", "3-3,*/7", "*/5"}) {
        const auto cron = parse_cron("0 0 29 2 " + weekday);
        std::int64_t at = utc("1990-01-01 00:00");
        while (at < utc("2400-01-01 00:00")) {
            const auto next = next_after(cron, zone, at);
            REQUIRE(next);
            at = *next;
        }
    }
}

TEST_CASE("a zone that never stops changing is an error, not an endless search",
          "[cron][fire_time]") {
    class : public TimeZone {
        Stretch at(std::int64_t unix_s) const override { return {0, unix_s + 1}; }
    } restless;
    class : public TimeZone {
        Stretch at(std::int64_t unix_s) const override { return {0, unix_s}; }
    } stuck;
    CHECK_THROWS_AS(next_after(parse_cron("@yearly"), restless, 1), pgcrew::Error);
    CHECK_THROWS_AS(next_after(parse_cron("@hourly"), stuck, 1), pgcrew::Error);
    CHECK_THROWS_AS(next_after(parse_cron("@daily"), stuck, 1), pgcrew::Error);
}

TEST_CASE("the last time before an instant", "[cron][fire_time]") {
    const auto zone = new_york();
    const auto daily = parse_cron("0 12 * * *");
    const std::int64_t noon = utc("2026-07-01 16:00");
    CHECK(last_until(daily, zone, noon - 1, noon) == noon);
    CHECK_FALSE(last_until(daily, zone, noon, noon));
    CHECK_FALSE(last_until(daily, zone, noon, noon + day - 1));
    CHECK(last_until(daily, zone, noon, noon + day) == noon + day);
    CHECK(last_until(daily, zone, noon - 1, noon + day - 1) == noon);
    CHECK(last_until(daily, zone, utc("1990-01-01 00:00"), noon + 5) == noon);
    CHECK_FALSE(last_until(daily, zone, noon + day, noon));
    CHECK(last_until(parse_cron("@yearly"), zone, std::numeric_limits<std::int64_t>::min(),
                     std::numeric_limits<std::int64_t>::max()) == utc("9999-01-01 05:00"));
    zone.asked = 0;
    CHECK(last_until(parse_cron("* * * * * *"), zone, utc("2000-01-01 00:00"), noon) == noon);
    CHECK(zone.asked <= 4);
}
