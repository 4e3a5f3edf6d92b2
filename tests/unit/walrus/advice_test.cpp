// Advice that is not followed: said once, kept, and renewed only when there is more to say.
#include "catch.hpp"
#include "looks.hpp"

using namespace walrus_test;

namespace {

Looks advising() {
    Looks looks;
    looks.config.advise = true;
    looks.watch(300, 0.1);
    return looks;
}
} // namespace

TEST_CASE("[walrus-47] advice is never to be applied, and is not said at each look", "[advice]") {
    Looks looks = advising();
    REQUIRE(looks.watch(300, 5).action == Action::Increase);
    CHECK_FALSE(looks.decision.apply);
    const int advised = looks.decision.target_mb;
    int said = 0;
    for (int t = 0; t < 3600; t += 10) {
        looks.look({.wal_mb = 50, .forced = t % 100 == 0 ? 1 : 0});
        said += looks.decision.action == Action::Increase ? 1 : 0;
        CHECK(looks.decision.recommended_mb >= advised);
    }
    CHECK(said <= 4); // while the new load comes into sight
}

TEST_CASE("a load that comes and goes says nothing new each time", "[advice]") {
    Looks looks = advising();
    looks.watch(300, 10);
    for (int t = 0; t < 600; t += 10)
        looks.look({.wal_mb = 100});
    int said = 0;
    for (int hour = 0; hour < 12; ++hour) {
        for (int t = 0; t < 3600; t += 10) {
            looks.look({.wal_mb = t < 600 ? 70.0 : 0.5});
            said += looks.decision.action == Action::Increase ? 1 : 0;
        }
        CHECK(looks.decision.recommended_mb > 1024); // it stands while the load pauses
    }
    CHECK(said == 0);
}

TEST_CASE("more than was advised is news", "[advice]") {
    Looks looks = advising();
    looks.watch(300, 5);
    const int first = looks.decision.target_mb;
    REQUIRE(looks.decision.action == Action::Increase);
    int largest = first;
    for (int t = 0; t < 900; t += 10)
        if (looks.look({.wal_mb = 400}).action == Action::Increase)
            largest = looks.decision.target_mb;
    CHECK(largest > 2 * first);
}

TEST_CASE("advice that nothing asked for in a whole day is dropped", "[advice]") {
    Looks looks = advising();
    looks.watch(300, 5);
    REQUIRE(looks.decision.action == Action::Increase);
    looks.watch(23 * 3600, 0.1);
    CHECK(looks.decision.recommended_mb > 1024);
    looks.watch(2 * 3600, 0.1);
    CHECK(looks.decision.recommended_mb <= 1024);
}

TEST_CASE("a change by somebody else ends the advice", "[advice]") {
    Looks looks = advising();
    looks.watch(300, 5);
    REQUIRE(looks.decision.action == Action::Increase);
    looks.environment.current_mb = 2048;
    CHECK(looks.look({}).recommended_mb == 2048);
}
