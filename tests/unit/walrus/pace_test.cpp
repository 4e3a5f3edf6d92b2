// How often max_wal_size may change, and when nothing is applied at all.
#include "catch.hpp"
#include "looks.hpp"

using namespace walrus_test;

namespace {

// Now and for the next checkpoint_timeout a larger size is wanted.
const Decision &press(Looks &looks) {
    const double mb = looks.environment.current_mb;
    return looks.look({.wal_mb = mb, .forced = 2});
}

// A change that counts: longer than checkpoint_timeout after the one before.
void change(Looks &looks) {
    REQUIRE(press(looks).action == Action::Increase);
    looks.apply();
    for (int t = 0; t < 310; t += 10)
        looks.look({});
}

Looks hasty() {
    Looks looks;
    looks.config.max_mb = 1 << 30;
    looks.config.cooldown_s = 0;
    looks.look({});
    return looks;
}

} // namespace

TEST_CASE("[walrus-48][walrus-D11] the hourly limit counts the last 3,600 seconds exactly",
          "[pace]") {
    Looks looks = hasty();
    const std::int64_t first = looks.sample.at + 10 * second;
    for (int i = 0; i < 4; ++i)
        change(looks);
    CHECK(looks.decision.changes_this_hour == 4);
    press(looks);
    CHECK(looks.decision.action == Action::Skipped);
    CHECK(looks.decision.reason == Reason::HourlyLimit);
    CHECK(looks.sample.at + looks.decision.wait_us == first + 3600 * second);
    CHECK(looks.decision.recommended_mb > looks.environment.current_mb);
    CHECK(looks.decision.target_mb == looks.environment.current_mb);
    // one microsecond short of the hour, and the hour
    looks.sample.at = first + 3300 * second;
    for (int t = 0; t < 290; t += 10)
        looks.look({});
    looks.sample.at = first + 3600 * second - 1 - 10 * second;
    press(looks);
    CHECK(looks.decision.action == Action::Skipped);
    CHECK(looks.decision.wait_us == 1);
    looks.sample.at -= 10 * second - 1;
    press(looks);
    CHECK(looks.decision.action == Action::Increase);
    // the window slides: the second of the four changes still counts
    looks.apply();
    const std::int64_t second_change = looks.state.changes.front();
    while (looks.sample.at < second_change + 3580 * second)
        looks.look({});
    CHECK(press(looks).action == Action::Skipped);
    CHECK(press(looks).action == Action::Increase);
}

TEST_CASE("no changes an hour block all", "[pace]") {
    Looks looks = hasty();
    looks.config.max_changes_per_hour = 0;
    for (int i = 0; i < 50; ++i) {
        press(looks);
        CHECK(looks.decision.action == Action::Skipped);
        CHECK(looks.decision.reason == Reason::HourlyLimit);
    }
}

TEST_CASE("a change waits for the cooldown", "[pace]") {
    Looks looks = hasty();
    looks.config.cooldown_s = 600;
    change(looks);
    const std::int64_t changed = looks.state.last_change;
    press(looks);
    CHECK(looks.decision.action == Action::Skipped);
    CHECK(looks.decision.reason == Reason::Cooldown);
    CHECK(looks.sample.at + looks.decision.wait_us == changed + 600 * second);
    while (looks.sample.at < changed + 590 * second)
        looks.look({});
    press(looks);
    CHECK(looks.decision.action == Action::Increase);
}

TEST_CASE("an increase within checkpoint_timeout refines the one before", "[pace]") {
    Looks looks = hasty();
    looks.config.cooldown_s = 600;
    looks.config.max_changes_per_hour = 1;
    press(looks);
    looks.apply();
    press(looks);
    CHECK(looks.decision.action == Action::Increase);
    CHECK(looks.decision.refines);
    looks.apply();
    CHECK(looks.state.changes.size() == 1);
    for (int t = 0; t < 300; t += 10)
        looks.look({});
    CHECK(press(looks).action == Action::Skipped); // no chain of refinements without an end
}

TEST_CASE("in advise mode and on a standby nothing is applied, and advice is given once",
          "[pace]") {
    for (const bool standby : {false, true}) {
        Looks looks = hasty();
        looks.config.advise = !standby;
        looks.environment.in_recovery = standby;
        looks.config.max_mb = 8192;
        looks.repeat();
        press(looks);
        CHECK(looks.decision.action == Action::Increase);
        CHECK(looks.decision.reason == Reason::Forced);
        CHECK_FALSE(looks.decision.apply);
        CHECK(looks.decision.target_mb == 8192);
        for (int i = 0; i < 100; ++i) {
            press(looks);
            REQUIRE(looks.decision.action == Action::Hold);
            REQUIRE(looks.decision.reason == Reason::Advised);
            REQUIRE(looks.decision.recommended_mb == 8192);
            REQUIRE(looks.decision.target_mb == 1024);
            REQUIRE_FALSE(looks.decision.apply);
        }
        looks.config.max_mb = 16384;
        CHECK(press(looks).action == Action::Increase);
        CHECK(looks.decision.target_mb == 16384);
    }
}
