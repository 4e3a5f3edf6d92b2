#include "catch.hpp"
#include "pgcrew/clock.hpp"

#include <ctime>

using namespace pgcrew;

TEST_CASE("the system clock counts microseconds since the Unix epoch", "[clock]") {
    const SystemClock clock;
    const std::int64_t before = std::int64_t{std::time(nullptr)} * 1000000;
    const std::int64_t now = clock.now();
    CHECK(now >= before);
    CHECK(now < before + 60 * 1000000LL);
}

TEST_CASE("monotonic time goes on", "[clock]") {
    const SystemClock clock;
    const std::int64_t start = clock.monotonic();
    std::int64_t later = start;
    while (later == start)
        later = clock.monotonic();
    CHECK(later > start);
}

TEST_CASE("a manual clock moves by hand alone", "[clock]") {
    ManualClock clock(1000);
    const Clock &seen = clock;
    CHECK(seen.now() == 1000);
    clock.advance(5);
    CHECK(seen.now() == 1005);
    CHECK(seen.monotonic() == 5);
    clock.set(10); // the wall clock is set back; monotonic time is not
    CHECK(seen.now() == 10);
    CHECK(seen.monotonic() == 5);
}
