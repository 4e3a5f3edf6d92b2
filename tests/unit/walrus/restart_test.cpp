// What makes the window start anew, so that differences without a meaning are no signal.
#include "catch.hpp"
#include "looks.hpp"

using namespace walrus_test;

namespace {

// Forced checkpoints enough for an increase, were it not for what `upset` does.
template <typename Upset> Looks upset(Upset &&upset) {
    Looks looks;
    looks.watch(400, 1.0);
    upset(looks);
    looks.look({.wal_mb = 900, .forced = 2});
    return looks;
}

void check_restarted(const Looks &looks) {
    CHECK(looks.decision.action == Action::Hold);
    CHECK(looks.decision.reason == Reason::WindowRestarted);
    CHECK(looks.state.window.samples.size() == 1);
    CHECK(looks.decision.recommended_mb == 1024);
}

} // namespace

TEST_CASE("without an upset it grows", "[restart]") {
    CHECK(upset([](Looks &) {}).decision.action == Action::Increase);
}

TEST_CASE("[walrus-51] counters, location or clock that go back restart the window", "[restart]") {
    check_restarted(upset([](Looks &l) { l.sample.forced = 0; }));
    check_restarted(upset([](Looks &l) { l.sample.timed = 0; }));
    check_restarted(upset([](Looks &l) { l.sample.other = 0; }));
    check_restarted(upset([](Looks &l) { l.sample.fpi = 0; }));
    check_restarted(upset([](Looks &l) { l.sample.lsn -= 1ULL << 39; }));
    check_restarted(upset([](Looks &l) { l.sample.at -= 100 * second; }));
}

TEST_CASE("another checkpoint_timeout restarts the window", "[restart]") {
    check_restarted(upset([](Looks &l) { l.environment.timeout_us = 600 * second; }));
    check_restarted(upset([](Looks &l) { l.environment.timeout_us = 30 * second; }));
}

TEST_CASE("[walrus-51] a promotion restarts the window", "[restart]") {
    check_restarted(upset([](Looks &l) { l.environment.in_recovery = true; }));
    Looks standby;
    standby.environment.in_recovery = true;
    standby.repeat();
    standby.watch(400, 1.0);
    standby.environment.in_recovery = false;
    standby.look({.wal_mb = 900, .forced = 2});
    check_restarted(standby);
}

TEST_CASE("a time without looks restarts the window", "[restart]") {
    check_restarted(upset([](Looks &l) { l.sample.at += 3600 * second; }));
}

TEST_CASE("[walrus-D19] a difference below zero or out of all bounds is no signal", "[restart]") {
    for (const Algorithm algorithm : {Algorithm::Rate, Algorithm::Classic}) {
        Looks looks;
        looks.config.algorithm = algorithm;
        looks.config.max_mb = INT32_MAX;
        looks.watch(300, 0.1);
        // a reset of the statistics, then what a cast would make of it
        looks.sample.forced = 0;
        CHECK(looks.look({}).action == Action::Hold);
        for (int i = 0; i < 60; ++i)
            CHECK(looks.look({.wal_mb = 1}).action == Action::Hold);
        looks.sample.forced = UINT64_MAX - 5;
        looks.look({.wal_mb = 1});
        CHECK(looks.decision.target_mb % 16 == 0);
        CHECK(looks.decision.target_mb <= looks.decision.cap_mb);
        looks.sample.forced = 3;
        CHECK(looks.look({}).reason == Reason::WindowRestarted);
    }
}

TEST_CASE("a clock that goes back lifts neither cooldown nor hourly limit", "[restart]") {
    Looks looks;
    looks.watch(300, 3.0);
    REQUIRE(looks.decision.action == Action::Increase);
    looks.apply();
    looks.sample.at -= 700 * second;
    looks.look({});
    CHECK(looks.state.last_change == looks.sample.at);
    CHECK(looks.state.changes.size() == 1);
    CHECK(looks.state.changes.front() == looks.sample.at);
}
