#include "catch.hpp"
#include "looks.hpp"

using namespace walrus_test;

TEST_CASE("[walrus-02] without a server, nothing is decided before there is something to judge",
          "[law]") {
    Looks looks;
    CHECK(looks.decision.action == Action::Hold);
    CHECK(looks.decision.reason == Reason::WarmingUp);
    CHECK(looks.decision.recommended_mb == 1024);
    CHECK(looks.decision.want_mb == 0);
    CHECK(looks.look({.seconds = 5, .wal_mb = 20}).reason == Reason::WarmingUp);
    CHECK(looks.look({.seconds = 25, .wal_mb = 1}).reason == Reason::Enough);
    CHECK(looks.decision.want_mb > 0);
}

TEST_CASE(
    "[walrus-D6] two checkpoints forced within a part of checkpoint_timeout are enough to act",
    "[law]") {
    Looks looks;
    looks.look({.wal_mb = 300});
    looks.look({.wal_mb = 800, .forced = 2});
    CHECK(looks.decision.action == Action::Increase);
    CHECK(looks.decision.reason == Reason::Forced);
    CHECK(looks.decision.apply);
    CHECK(looks.decision.forced == 2);
    CHECK_FALSE(looks.decision.full_window);
    // 1100 MB in 20 s; never more than ten times that is foreseen
    CHECK(looks.decision.demand == 11000 * megabyte);
    CHECK(looks.decision.target_mb == need_mb(13200 * megabyte, {16, 0.9}));
}

TEST_CASE("it acts before the first forced checkpoint", "[law]") {
    Looks looks;
    looks.watch(300, 3.0);
    CHECK(looks.decision.action == Action::Increase);
    CHECK(looks.decision.reason == Reason::HighUtilisation);
    CHECK(looks.decision.forced == 0);
    CHECK(looks.sample.at - 1000 * second <= 100 * second);
    CHECK(looks.decision.demand == 900 * megabyte);
}

TEST_CASE("[walrus-D1] checkpoints by command never make it grow", "[law]") {
    Looks looks;
    // as much WAL as would grow it, were these checkpoints forced
    looks.look({.wal_mb = 55, .image_mb = 10, .other = 3});
    REQUIRE(looks.decision.action == Action::Hold);
    REQUIRE(looks.decision.demand == 560 * megabyte);
    for (int i = 0; i < 600; ++i) {
        looks.look(
            {.seconds = 10, .wal_mb = 1, .image_mb = 2, .timed = i % 30 == 0 ? 1 : 0, .other = 3});
        REQUIRE(looks.decision.action == Action::Hold);
    }
    CHECK(looks.decision.other == 90);
}

TEST_CASE("[walrus-41] ten CHECKPOINTs, a base backup and CREATE DATABASE within an interval "
          "change nothing",
          "[law]") {
    for (const Algorithm algorithm : {Algorithm::Rate, Algorithm::Classic}) {
        Looks looks;
        looks.config.algorithm = algorithm;
        looks.watch(300, 0.5);
        for (int i = 0; i < 60; ++i)
            CHECK(looks.look({.wal_mb = 5, .other = i == 0 ? 13 : 0}).action == Action::Hold);
    }
}

TEST_CASE("[walrus-D3] one forced checkpoint per interval is cured", "[law]") {
    Looks looks;
    // 1.9 MB/s reach the trigger of 512 MB after 270 s, so no interval ever has two
    int forced = 0;
    for (int t = 10; t <= 1200 && looks.decision.action == Action::Hold; t += 10) {
        const int now = t % 270 == 0 ? 1 : 0;
        forced += now;
        looks.look({.wal_mb = 19, .forced = now});
    }
    CHECK(looks.decision.action == Action::Increase);
    CHECK(forced <= 1);
    CHECK(trigger_bytes(looks.decision.target_mb, {16, 0.9}) >= 570 * megabyte);
}

TEST_CASE("a decision is no change before it is applied", "[law]") {
    Looks looks;
    looks.watch(300, 3.0);
    REQUIRE(looks.decision.action == Action::Increase);
    CHECK(looks.state.changes.empty());
    CHECK(looks.state.last_change == 0);
    CHECK(looks.state.known_mb == 1024);
    const int target = looks.decision.target_mb;
    looks.look({.wal_mb = 30});
    CHECK(looks.decision.action == Action::Increase); // it failed, so it is asked for again
    CHECK(looks.decision.target_mb >= target);
    looks.apply();
    CHECK(looks.state.changes.size() == 1);
    CHECK(looks.look({.wal_mb = 30}).action == Action::Hold);
}

TEST_CASE("the same look twice changes nothing", "[law]") {
    Looks looks;
    looks.watch(290, 1.0);
    looks.look({.wal_mb = 400, .forced = 2});
    REQUIRE(looks.decision.action == Action::Increase);
    looks.apply();
    const auto samples = looks.state.window.samples.size();
    for (int i = 0; i < 20; ++i) { // as many reloads wake the worker
        looks.repeat();
        CHECK(looks.decision.action == Action::Hold);
        CHECK_FALSE(looks.decision.reason == Reason::WindowRestarted);
    }
    CHECK(looks.state.window.samples.size() == samples);
    CHECK(looks.state.changes.size() == 1);
}

TEST_CASE("somebody else's change is noted and becomes the floor of shrinking", "[law]") {
    Looks looks;
    looks.watch(300, 1.0);
    looks.environment.current_mb = 8192;
    looks.look({.wal_mb = 10});
    CHECK(looks.decision.reason == Reason::ExternalChange);
    CHECK(looks.decision.action == Action::Hold);
    CHECK(looks.state.external_mb == 8192);
    CHECK(looks.state.window.samples.size() == 1);
    looks.config.lookback_us = 3600 * second;
    for (int i = 0; i < 3000; ++i) {
        looks.look({.wal_mb = 1});
        REQUIRE(looks.decision.action == Action::Hold);
        REQUIRE(looks.decision.recommended_mb == 8192);
    }
}

TEST_CASE("too little of a difference is not worth a change", "[law]") {
    Looks looks;
    // 1.5 MB/s use 88 % of the trigger of 1 GB and want 5 % more than it
    looks.watch(900, 1.5);
    CHECK(looks.decision.action == Action::Hold);
    CHECK(looks.decision.reason == Reason::Deadband);
    CHECK(looks.decision.recommended_mb == 1024);
}

TEST_CASE("it shrinks after a quiet day, not below what the day needed", "[law]") {
    Looks looks({.max_mb = 65536, .shrink_factor = 0.05}, 16384);
    looks.config.lookback_us = 6 * 3600 * second;
    for (int i = 0; i < 60; ++i)
        looks.look({.wal_mb = 30}); // 900 MB per interval
    int changed = 0;
    for (int i = 0; i < 6 * 360; ++i) {
        looks.look({.wal_mb = 1});
        if (looks.decision.action == Action::Decrease) {
            CHECK(looks.sample.at - 1000 * second >= looks.config.lookback_us);
            CHECK(looks.decision.reason == Reason::LowDemand);
            CHECK(trigger_bytes(looks.decision.target_mb, {16, 0.9}) >= 1080 * megabyte);
            looks.apply();
            ++changed;
        }
    }
    CHECK(changed > 0);
    CHECK(looks.environment.current_mb < 16384);
    CHECK(looks.environment.current_mb >= need_mb(1080 * megabyte, {16, 0.9}));
}

TEST_CASE("shrinking can be switched off", "[law]") {
    Looks looks({.max_mb = 65536}, 16384);
    looks.config.lookback_us = 3600 * second;
    looks.config.shrink = false;
    for (int i = 0; i < 1000; ++i)
        REQUIRE(looks.look({.wal_mb = 1}).action == Action::Hold);
}
