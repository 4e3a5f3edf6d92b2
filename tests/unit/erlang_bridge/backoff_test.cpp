#include "catch.hpp"
#include "core/link/backoff.hpp"

#include <limits>

using namespace pgcrew::erlang_bridge;

namespace {

constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
constexpr BackoffOptions options{milliseconds(100), seconds(1), 2};

} // namespace

TEST_CASE("[erl-E1] the wait doubles with each failure up to the cap", "[link]") {
    Backoff backoff(options);
    for (const int expected : {100, 200, 400, 800, 1000, 1000, 1000})
        CHECK(backoff.next(most) == milliseconds(expected));
    backoff.reset();
    CHECK(backoff.next(most) == milliseconds(100));
}

TEST_CASE("[erl-E1] jitter spreads a wait over its upper half", "[link]") {
    CHECK(Backoff(options).next(0) == milliseconds(50));
    CHECK(Backoff(options).next(most / 2) == Approx(milliseconds(75)).margin(2));
    CHECK(Backoff(options).next(most) == milliseconds(100));
}

TEST_CASE("[erl-E1] the multiplier is a setting", "[link]") {
    Backoff backoff({milliseconds(100), seconds(60), 3});
    backoff.next(0);
    CHECK(backoff.next(most) == milliseconds(300));
}

TEST_CASE("a wait has no overflow however often it fails", "[link]") {
    Backoff backoff({seconds(1), seconds(86400), 10});
    for (int i = 0; i < 10000; ++i) {
        const Time wait = backoff.next(most);
        REQUIRE(wait > 0);
        REQUIRE(wait <= seconds(86400));
    }
}
