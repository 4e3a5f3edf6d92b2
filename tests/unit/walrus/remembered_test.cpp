// What outlives a restart: it comes back as it was, and what is none of it is refused.
#include "catch.hpp"
#include "core/remembered.hpp"
#include "pgcrew/error.hpp"

using namespace pgcrew::walrus;

namespace {

Remembered example() {
    Remembered r;
    r.original = {true, 96};
    r.learning_since = 1'700'000'000'000'000;
    r.peaks = {{1'700'000'100'000'000, 5}, {1'700'000'200'000'000, 1LL << 40}};
    r.minutes.add(28'333'333, 4096, 1024);
    r.minutes.add(28'333'336, 8192, 0);
    r.replay_rate = 123'456'789;
    return r;
}

// The example with one piece of its text replaced.
std::string changed(std::string_view from, std::string_view to) {
    std::string text = to_text(example());
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

} // namespace

TEST_CASE("[walrus-53] what is remembered comes back", "[remembered]") {
    const Remembered before = example(), after = remembered(to_text(before));
    REQUIRE(after.original);
    CHECK(after.original->was_set);
    CHECK(after.original->size_mb == 96);
    CHECK(after.learning_since == before.learning_since);
    REQUIRE(after.peaks.size() == 2);
    CHECK(after.peaks[1].at == before.peaks[1].at);
    CHECK(after.peaks[1].bytes == before.peaks[1].bytes);
    CHECK(after.minutes.newest == before.minutes.newest);
    CHECK(after.minutes.filled == 4);
    CHECK(after.minutes.minutes[28'333'333 % MinuteLog::size].wal_kb == 4);
    CHECK(after.minutes.minutes[28'333'336 % MinuteLog::size].wal_kb == 8);
    CHECK(after.replay_rate == before.replay_rate);
    CHECK(to_text(after) == to_text(before));
    CHECK(to_text(remembered(to_text({}))) == to_text({}));
}

TEST_CASE("[walrus-53] what is no state of walrus is refused", "[remembered]") {
    for (const std::string &text :
         {std::string(), std::string("{}"), std::string("[1]"),
          changed("\"version\":1", "\"version\":2"), changed("\"size_mb\":96", "\"size_mb\":0"),
          changed("\"learning_since\":1", "\"learning_since\":-1"),
          changed("[1700000100000000,5]", "[-9223372036854775808,5]"),
          changed("[1700000100000000,5]", "[1700000100000000,-5]"),
          changed("28333336", "9223372036854775807"), changed("28333336", "2"),
          changed("123456789", "-1"), changed("123456789", "null")}) {
        INFO(text);
        CHECK_THROWS_AS(remembered(text), pgcrew::Error);
    }
}
