#include "catch.hpp"
#include "core/link/lifecycle.hpp"

#include <stdexcept>

using namespace pgcrew::erlang_bridge;

namespace {

constexpr pgcrew::BackoffOptions backoff{milliseconds(100), seconds(10), 2};
constexpr BreakerOptions breaker{3, seconds(30), seconds(5)};
constexpr std::uint32_t longest = 0xFFFFFFFF;

void come_up(Lifecycle &life, Time now) {
    REQUIRE(life.start(now));
    life.resolved(now);
    life.connected(now);
    life.accepted(now);
}

} // namespace

TEST_CASE("[erl-D2] a connection goes its way from down to down", "[link]") {
    Lifecycle life(backoff, breaker);
    CHECK(life.state() == LinkState::Down);
    come_up(life, 7);
    CHECK(life.state() == LinkState::Up);
    CHECK(life.since() == 7);
    CHECK_FALSE(life.start(7)); // it is up already
    life.retired(8);
    CHECK(life.state() == LinkState::Draining);
    life.closed(9);
    CHECK(life.state() == LinkState::Down);
    CHECK(life.since() == 9);
}

TEST_CASE("[erl-D2] what cannot happen in a state is an error", "[link]") {
    Lifecycle life(backoff, breaker);
    CHECK_THROWS_AS(life.accepted(0), std::logic_error);
    REQUIRE(life.start(0));
    CHECK_THROWS_AS(life.connected(0), std::logic_error);
}

TEST_CASE("[erl-E1] after a failure the next attempt waits, longer each time", "[link]") {
    Lifecycle life(backoff, {0, 0, 0});
    Time now = 0;
    for (const int wait : {100, 200, 400, 800}) {
        REQUIRE(life.start(now));
        life.failed(now, longest);
        CHECK(life.state() == LinkState::Backoff);
        CHECK(life.retry_at() == now + milliseconds(wait));
        CHECK_FALSE(life.start(life.retry_at() - 1));
        now = life.retry_at();
    }
}

TEST_CASE("[erl-E1] only a connection that lasted takes the wait back to its base", "[link]") {
    Lifecycle life(backoff, {0, 0, 0});
    come_up(life, 0);
    life.failed(seconds(1), longest);
    come_up(life, seconds(2));
    life.failed(seconds(3), longest); // it comes and goes
    CHECK(life.retry_at() == seconds(3) + milliseconds(200));
    come_up(life, seconds(4));
    life.retired(seconds(14));
    life.failed(seconds(14), longest);
    CHECK(life.retry_at() == seconds(14) + milliseconds(100));
}

TEST_CASE("[erl-E3] too many failures open the circuit, one trial closes it", "[link]") {
    Lifecycle life(backoff, breaker);
    Time now = 0;
    for (int i = 0; i < 3; ++i) {
        REQUIRE(life.start(now));
        life.failed(now, longest);
        now = i < 2 ? life.retry_at() : now;
    }
    CHECK(life.state() == LinkState::OpenCircuit);
    CHECK(life.breaker(now) == BreakerState::Open);
    CHECK(life.retry_at() == now + seconds(5));
    CHECK_FALSE(life.start(life.retry_at() - 1));
    now = life.retry_at();
    CHECK(life.breaker(now) == BreakerState::HalfOpen);
    SECTION("success") {
        come_up(life, now);
        CHECK(life.breaker(now) == BreakerState::Closed);
    }
    SECTION("failure") {
        REQUIRE(life.start(now));
        life.resolved(now);
        life.failed(now, longest);
        CHECK(life.state() == LinkState::OpenCircuit);
        CHECK(life.retry_at() == now + seconds(5));
    }
    SECTION("nobody wants it any more, and later somebody does") {
        life.closed(now - 1);
        CHECK(life.state() == LinkState::Down);
        CHECK_FALSE(life.start(now - 1)); // the breaker remembers
        CHECK(life.start(now));
        life.closed(now); // a trial without a result is no last one
        CHECK(life.start(now));
    }
}
