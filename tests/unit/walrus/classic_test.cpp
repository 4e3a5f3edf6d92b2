#include "catch.hpp"
#include "looks.hpp"

#include <climits>

using namespace walrus_test;

namespace {

Looks classic(int max_mb = 65536, int current_mb = 1024) {
    return Looks({.algorithm = Algorithm::Classic, .max_mb = max_mb}, current_mb);
}

} // namespace

TEST_CASE("[walrus-36] the classic target is the current size times one more than was forced",
          "[classic]") {
    CHECK(classic_target(1024, 3) == 4096);
    CHECK(classic_target(2048, 1) == 4096);
    CHECK(classic_target(512, 2) == 1536);
}

TEST_CASE("[walrus-28] the classic target saturates, and nothing forced is no signal",
          "[classic]") {
    CHECK(classic_target(INT_MAX / 2, 2) == INT_MAX);
    CHECK(classic_target(INT_MAX, INT_MAX) == INT_MAX);
    CHECK(classic_target(2, LLONG_MAX) == INT_MAX);
    CHECK(classic_target(1024, 0) == 1024);
    CHECK(classic_target(1024, -5) == 1024);
    CHECK(classic_target(1024, LLONG_MIN) == 1024);
}

TEST_CASE("the classic law looks once per checkpoint_timeout", "[classic]") {
    Looks looks = classic();
    for (int t = 10; t < 300; t += 10)
        CHECK(looks.look({.forced = t == 10 ? 3 : 0}).action == Action::Hold);
    looks.look({});
    CHECK(looks.decision.action == Action::Increase);
    CHECK(looks.decision.target_mb == 4096);
    CHECK(looks.decision.reason == Reason::Forced);
    looks.apply();
    for (int t = 10; t <= 300; t += 10)
        CHECK(looks.look({}).action == Action::Hold);
}

TEST_CASE("the classic law leaves less than the threshold alone", "[classic]") {
    Looks looks = classic();
    for (int t = 10; t <= 600; t += 10)
        CHECK(looks.look({.forced = t % 300 == 100 ? 1 : 0}).action == Action::Hold);
}

TEST_CASE("the classic law ends exactly at the cap", "[classic]") {
    Looks looks = classic(4096, 4000);
    looks.look({.seconds = 150, .forced = 2});
    looks.look({.seconds = 150, .forced = 2});
    CHECK(looks.decision.action == Action::Increase);
    CHECK(looks.decision.target_mb == 4096);
    CHECK(looks.decision.want_mb == 20000);
    CHECK(looks.decision.limit == Limit::Max);
}
