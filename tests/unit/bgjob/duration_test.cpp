#include "catch.hpp"
#include "core/duration.hpp"

#include <climits>
#include <random>

using namespace pgcrew::bgjob;

TEST_CASE("lengths of time as people write them", "[duration]") {
    CHECK(parse_duration("5 min") == 5 * minute);
    CHECK(parse_duration("5min") == 5 * minute);
    CHECK(parse_duration("  2 Days  ") == 2 * day);
    CHECK(parse_duration("1.5 hours") == 90 * minute);
    CHECK(parse_duration("1 h 30 min") == 90 * minute);
    CHECK(parse_duration("1h30m") == 90 * minute);
    CHECK(parse_duration("250 ms") == 250 * millisecond);
    CHECK(parse_duration("7 us") == 7);
    CHECK(parse_duration("1 week") == 7 * day);
    CHECK(parse_duration("0 s") == 0);
}

TEST_CASE("lengths of time as the server writes them", "[duration]") {
    CHECK(parse_duration("00:05:00") == 5 * minute);
    CHECK(parse_duration("01:30") == 90 * minute);
    CHECK(parse_duration("2 days 03:04:05.5") ==
          2 * day + 3 * hour + 4 * minute + 5500 * millisecond);
    CHECK(parse_duration("100:00:00.000001") == 100 * hour + 1);
}

TEST_CASE("what is no length of time is refused", "[duration]") {
    for (const char *text : {"",        " ",
                             "5",       "min",
                             "-5 min",  "5 minn",
                             "1 mon",   "1 year",
                             "1.2.3 s", ". s",
                             "1e3 s",   "5 min ago",
                             "00:60",   "00:00:61",
                             "1:",      ":1",
                             "5 min,",  "1:00:00:00",
                             "nan s",   "inf h",
                             "36526 d", "99999999999999999999999 d",
                             "0x10 s",  "5 m\xc3\xadn"}) {
        INFO(text);
        CHECK_FALSE(parse_duration(text).has_value());
    }
    CHECK(parse_duration("36525 d") == longest_duration);
}

TEST_CASE("what is written is read back as the same", "[duration]") {
    CHECK(write_duration(0) == "0 s");
    CHECK(write_duration(90 * minute) == "1 h 30 min");
    CHECK(write_duration(30 * day) == "30 d");
    CHECK(write_duration(day + 1) == "1 d 1 us");
    CHECK(write_duration(1500 * millisecond) == "1 s 500 ms");
    std::mt19937_64 random(7);
    for (int i = 0; i < 2000; ++i) {
        const auto limit = std::uint64_t{1} << (1 + random() % 51);
        const auto us = static_cast<std::int64_t>(random() % limit);
        REQUIRE(parse_duration(write_duration(us)) == us);
    }
}

TEST_CASE("lengths of time are short for people", "[duration]") {
    CHECK(short_duration(0) == "0 ms");
    CHECK(short_duration(7) == "0.01 ms");
    CHECK(short_duration(420) == "0.42 ms");
    CHECK(short_duration(1200) == "1.2 ms");
    CHECK(short_duration(12 * millisecond) == "12 ms");
    CHECK(short_duration(99'940) == "99.9 ms");
    CHECK(short_duration(99'960) == "100 ms");
    CHECK(short_duration(999'400) == "999 ms");
    CHECK(short_duration(999'600) == "1 s");
    CHECK(short_duration(3'210'000) == "3.21 s");
    CHECK(short_duration(59'940 * millisecond) == "59.9 s");
    CHECK(short_duration(59'960 * millisecond) == "1 min");
    CHECK(short_duration(65 * second) == "1 min 5 s");
    CHECK(short_duration(2 * hour + 5 * minute) == "2 h 5 min");
    CHECK(short_duration(day - second) == "1 d");
    CHECK(short_duration(5 * day + 4 * hour) == "5 d 4 h");
    CHECK(short_duration(INT64_MAX / 2).size() < 24);
}

TEST_CASE("a short length never has a unit that is full", "[duration]") {
    // 59.96 s is a minute, not 60 s.
    std::mt19937_64 random(8);
    for (int i = 0; i < 5000; ++i) {
        const auto limit = std::uint64_t{1} << (1 + random() % 45);
        const std::string text = short_duration(static_cast<std::int64_t>(random() % limit));
        INFO(text);
        for (const char *full : {"1000 ms", "60 s", "60 min", "24 h"}) {
            const auto found = text.find(full);
            CHECK((found == std::string::npos || (found > 0 && text[found - 1] != ' ')));
        }
    }
}
