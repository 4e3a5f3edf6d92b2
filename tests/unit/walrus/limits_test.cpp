#include "catch.hpp"
#include "looks.hpp"

#include <climits>

using namespace walrus_test;

namespace {
constexpr std::int64_t gigabyte = 1024 * megabyte;
}

TEST_CASE("walrus.max is a limit, in whole segments", "[limits]") {
    const Bounds b = bounds({.max_mb = 4100}, {});
    CHECK(b.cap_mb == 4096);
    CHECK(b.limit == Limit::Max);
}

TEST_CASE("[walrus-44][walrus-D7] no size below what the server can start with", "[limits]") {
    CHECK(bounds({.max_mb = 2}, {.min_wal_size_mb = 2}).floor_mb == 32);
    CHECK(bounds({.max_mb = 2}, {.min_wal_size_mb = 2}).cap_mb == 32);
    CHECK(bounds({.max_mb = 2}, {.min_wal_size_mb = 81}).floor_mb == 96);
    CHECK(bounds({.max_mb = 2}, {.geometry = {1024, 0.9}}).floor_mb == 2048);
    Looks looks;
    looks.config.max_mb = looks.config.min_size_mb = 2;
    looks.config.lookback_us = 3600 * second;
    looks.environment.min_wal_size_mb = 32;
    for (int i = 0; i < 6000; ++i)
        if (looks.look({.wal_mb = 0.001}).apply && looks.decision.action == Action::Decrease) {
            REQUIRE(looks.decision.target_mb >= 32);
            REQUIRE(looks.decision.target_mb % 16 == 0);
            looks.apply();
        }
    CHECK(looks.environment.current_mb == 32);
}

TEST_CASE("the disk is a limit", "[limits]") {
    Environment env{
        .disk_free = 8 * gigabyte, .wal_used = 4 * gigabyte, .wal_retained = 2 * gigabyte};
    const Bounds shared_disk = bounds({.max_mb = 65536}, env);
    CHECK(shared_disk.cap_mb == 2560); // a quarter of 10 GB
    CHECK(shared_disk.limit == Limit::Disk);
    env.own_filesystem = true;
    CHECK(bounds({.max_mb = 65536}, env).cap_mb == 6144);
    CHECK(bounds({.max_mb = 65536, .disk_share = 0.5}, env).cap_mb == 5120);
    env.disk_free = 0;
    env.wal_retained = 100 * gigabyte;
    CHECK(bounds({.max_mb = 65536}, env).cap_mb == 80);
    env.disk_free = INT64_MAX;
    CHECK(bounds({.max_mb = INT_MAX}, env).cap_mb == INT_MAX - 15);
}

TEST_CASE("the time that recovery takes is a limit, once the replay rate is known", "[limits]") {
    Environment env{.replay_rate = 50 * megabyte};
    CHECK(bounds({.max_mb = 65536, .recovery_s = 60}, env).cap_mb == 2992);
    CHECK(bounds({.max_mb = 65536, .recovery_s = 60}, env).limit == Limit::Recovery);
    CHECK(bounds({.max_mb = 65536}, env).limit == Limit::Max);
    env.replay_rate = 0;
    CHECK(bounds({.max_mb = 65536, .recovery_s = 60}, env).limit == Limit::Max);
    env.replay_rate = INT64_MAX;
    CHECK(bounds({.max_mb = 4096, .recovery_s = INT_MAX}, env).limit == Limit::Max);
}

TEST_CASE("the tightest limit is the one that is told, with what was wanted", "[limits]") {
    Looks looks;
    looks.config.max_mb = 4096;
    looks.environment.disk_free = 8 * gigabyte;
    looks.watch(300, 50.0);
    CHECK(looks.decision.action == Action::Increase);
    CHECK(looks.decision.target_mb == 2048);
    CHECK(looks.decision.limit == Limit::Disk);
    CHECK(looks.decision.want_mb > 4096);
    looks.environment.disk_free = 80 * gigabyte;
    looks.look({.wal_mb = 500, .forced = 2});
    CHECK(looks.decision.target_mb == 4096);
    CHECK(looks.decision.limit == Limit::Max);
}

TEST_CASE("[walrus-31] at the cap it says so at each look, and what it wants", "[limits]") {
    Looks looks;
    looks.config.max_mb = 1024;
    for (int i = 0; i < 100; ++i) {
        looks.look({.wal_mb = 50, .forced = i % 10 == 0 ? 1 : 0});
        if (i < 12)
            continue;
        REQUIRE(looks.decision.action == Action::Capped);
        REQUIRE(looks.decision.limit == Limit::Max);
        REQUIRE(looks.decision.target_mb == 1024);
        REQUIRE(looks.decision.recommended_mb == 1024);
        REQUIRE(looks.decision.want_mb > 2900);
    }
}

TEST_CASE("[walrus-27] above the cap it takes exactly the cap", "[limits]") {
    Looks looks;
    looks.config.max_mb = 2048;
    looks.watch(300, 20.0);
    CHECK(looks.decision.action == Action::Increase);
    CHECK(looks.decision.target_mb == 2048);
    CHECK(looks.decision.want_mb > 2048);
}

TEST_CASE("[walrus-44] an increase from below the floor reaches it", "[limits]") {
    Looks looks({.max_mb = 65536}, 32);
    looks.environment.min_wal_size_mb = 500;
    looks.watch(300, 0.2);
    CHECK(looks.decision.action == Action::Increase);
    CHECK(looks.decision.target_mb == 512);
}
