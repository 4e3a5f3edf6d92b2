#include "catch.hpp"
#include "pgcrew/backoff.hpp"

#include <array>
#include <limits>

using namespace pgcrew;

namespace {

constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t milliseconds(std::int64_t n) { return n * 1000; }
constexpr std::int64_t seconds(std::int64_t n) { return n * 1'000'000; }
constexpr BackoffOptions options{milliseconds(100), seconds(1), 2};

// The wait with the least, the middle and the most that chance can do.
std::array<std::int64_t, 3> spread(BackoffOptions o, int failures) {
    return {backoff_wait(o, failures, 0), backoff_wait(o, failures, most / 2 + 1),
            backoff_wait(o, failures, most)};
}

} // namespace

TEST_CASE("[erl-E1] the wait doubles with each failure up to the cap", "[backoff]") {
    Backoff backoff(options);
    for (const int expected : {100, 200, 400, 800, 1000, 1000, 1000})
        CHECK(backoff.next(most) == milliseconds(expected));
    backoff.reset();
    CHECK(backoff.next(most) == milliseconds(100));
}

TEST_CASE("[erl-E1] jitter spreads a wait over its upper half", "[backoff]") {
    CHECK(Backoff(options).next(0) == milliseconds(50));
    CHECK(Backoff(options).next(most / 2) == milliseconds(75) - 1);
    CHECK(Backoff(options).next(most) == milliseconds(100));
}

TEST_CASE("[erl-E1] the multiplier is a setting", "[backoff]") {
    Backoff backoff({milliseconds(100), seconds(60), 3});
    backoff.next(0);
    CHECK(backoff.next(most) == milliseconds(300));
}

TEST_CASE("a wait may stay the same or grow by its base", "[backoff]") {
    BackoffOptions o{seconds(2), seconds(7), 2, Growth::Fixed, Jitter::None};
    for (const int failures : {1, 2, 3, 1000})
        CHECK(backoff_wait(o, failures, 12345) == seconds(2));
    o.growth = Growth::Linear;
    CHECK(backoff_wait(o, 1, 0) == seconds(2));
    CHECK(backoff_wait(o, 2, 0) == seconds(4));
    CHECK(backoff_wait(o, 3, 0) == seconds(6));
    CHECK(backoff_wait(o, 4, 0) == seconds(7));
    CHECK(backoff_wait(o, std::numeric_limits<int>::max(), 0) == seconds(7));
    o.base = 0;
    CHECK(backoff_wait(o, 3, most) == 0);
}

TEST_CASE("each kind of jitter has its part of the wait", "[backoff]") {
    BackoffOptions o{seconds(1), seconds(60), 2, Growth::Exponential, Jitter::None};
    CHECK(spread(o, 3) == std::array{seconds(4), seconds(4), seconds(4)});
    o.jitter = Jitter::Quarter;
    CHECK(spread(o, 3) == std::array{seconds(3), seconds(4), seconds(5)});
    o.jitter = Jitter::Half;
    CHECK(spread(o, 3) == std::array{seconds(2), seconds(3), seconds(4)});
    o.jitter = Jitter::Full;
    CHECK(spread(o, 3) == std::array{std::int64_t{0}, seconds(2), seconds(4)});
}

TEST_CASE("the cap holds for every kind of growth and jitter", "[backoff]") {
    for (const Growth growth : {Growth::Fixed, Growth::Linear, Growth::Exponential})
        for (const Jitter jitter : {Jitter::None, Jitter::Quarter, Jitter::Half, Jitter::Full})
            for (const int failures : {0, 1, 5, 64, 10000, std::numeric_limits<int>::max()})
                for (const std::uint32_t random : {0U, 1U, most / 2, most}) {
                    const std::int64_t wait = backoff_wait(
                        {seconds(1), seconds(3), 10, growth, jitter}, failures, random);
                    REQUIRE(wait >= 0);
                    REQUIRE(wait <= seconds(3));
                }
}

TEST_CASE("a wait has no overflow however often it fails", "[backoff]") {
    Backoff backoff({seconds(1), seconds(86400), 10});
    for (int i = 0; i < 10000; ++i) {
        const std::int64_t wait = backoff.next(most);
        REQUIRE(wait > 0);
        REQUIRE(wait <= seconds(86400));
    }
}
