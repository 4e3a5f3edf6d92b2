#include "catch.hpp"
#include "core/link/breaker.hpp"

#include <string>

using namespace pgcrew::erlang_bridge;

namespace {

constexpr BreakerOptions options{3, seconds(10), seconds(5)};

Breaker opened_at(Time now) {
    Breaker breaker(options);
    for (int i = 0; i < 3; ++i)
        breaker.failed(now);
    return breaker;
}

} // namespace

TEST_CASE("[erl-E3] a breaker opens after enough failures in the window", "[link]") {
    Breaker breaker(options);
    breaker.failed(0);
    breaker.failed(seconds(1));
    CHECK(breaker.state(seconds(2)) == BreakerState::Closed);
    CHECK(breaker.admit(seconds(2)));
    breaker.failed(seconds(2));
    CHECK(breaker.state(seconds(2)) == BreakerState::Open);
    CHECK_FALSE(breaker.admit(seconds(2)));
}

TEST_CASE("[erl-E3] failures outside of the window do not count", "[link]") {
    Breaker breaker(options);
    for (Time now = 0; now < seconds(200); now += seconds(6)) {
        breaker.failed(now);
        REQUIRE(breaker.state(now) == BreakerState::Closed);
    }
}

TEST_CASE("[erl-E3] after the pause one trial is let through", "[link]") {
    Breaker breaker = opened_at(0);
    CHECK(breaker.half_open_at() == seconds(5));
    CHECK(breaker.state(seconds(5) - 1) == BreakerState::Open);
    CHECK_FALSE(breaker.admit(seconds(5) - 1));
    CHECK(breaker.state(seconds(5)) == BreakerState::HalfOpen);
    CHECK(breaker.admit(seconds(5)));
    CHECK_FALSE(breaker.admit(seconds(5)));
    CHECK_FALSE(breaker.admit(seconds(50)));
}

TEST_CASE("[erl-E3] a trial's success closes, its failure opens again at once", "[link]") {
    Breaker breaker = opened_at(0);
    REQUIRE(breaker.admit(seconds(5)));
    SECTION("success") {
        breaker.succeeded();
        CHECK(breaker.state(seconds(5)) == BreakerState::Closed);
        breaker.failed(seconds(6)); // and counting begins anew
        CHECK(breaker.state(seconds(6)) == BreakerState::Closed);
    }
    SECTION("failure") {
        breaker.failed(seconds(6));
        CHECK(breaker.state(seconds(6)) == BreakerState::Open);
        CHECK(breaker.half_open_at() == seconds(11));
        CHECK(breaker.admit(seconds(11)));
    }
    SECTION("neither") {
        breaker.abandoned();
        CHECK(breaker.admit(seconds(6)));
    }
}

TEST_CASE("[erl-E3] a node that comes and goes opens it too", "[link]") {
    Breaker breaker(options);
    for (int i = 0; i < 3; ++i) {
        breaker.succeeded();
        breaker.failed(seconds(i));
    }
    CHECK(breaker.state(seconds(3)) == BreakerState::Open);
}

TEST_CASE("a breaker of no failures never opens", "[link]") {
    Breaker breaker({0, seconds(10), seconds(5)});
    for (int i = 0; i < 100; ++i)
        breaker.failed(i);
    CHECK(breaker.admit(100));
}

TEST_CASE("[erl-E3] all three states have words", "[link]") {
    CHECK(std::string(name(BreakerState::Closed)) == "closed");
    CHECK(std::string(name(BreakerState::Open)) == "open");
    CHECK(std::string(name(BreakerState::HalfOpen)) == "half-open");
}
