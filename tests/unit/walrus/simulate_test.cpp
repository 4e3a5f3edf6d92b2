#include "catch.hpp"
#include "core/simulate.hpp"

using namespace pgcrew::walrus;

namespace {

constexpr std::int64_t second = 1'000'000;
constexpr Geometry usual{16, 0.9};

MinuteLog minutes(int count, double mb_a_second, std::int64_t first = 1000) {
    MinuteLog log;
    for (int i = 0; i < count; ++i)
        log.add(first + i, static_cast<std::int64_t>(mb_a_second * 60 * megabyte), 0);
    return log;
}

} // namespace

TEST_CASE("nothing recorded, nothing told", "[simulate]") {
    const Forecast f = simulate({}, 1024, 300 * second, usual);
    CHECK(f.minutes == 0);
    CHECK(f.need_mb == 0);
}

TEST_CASE("a steady load is forced each time the trigger is full", "[simulate]") {
    // 512 MB at 5 MB/s are full each 102.4 s
    const Forecast f = simulate(minutes(1440, 5), 1024, 300 * second, usual);
    CHECK(f.minutes == 1440);
    CHECK(f.wal == 1440LL * 300 * megabyte);
    CHECK(f.forced_per_day == Approx(86400 / 102.4).margin(1));
    CHECK(f.timed_per_day == 0);
    CHECK(f.most_between == 512 * megabyte);
    CHECK(f.need_mb == need_mb(1500 * megabyte, usual));
}

TEST_CASE("a size as large as told forces none", "[simulate]") {
    const int enough = simulate(minutes(1440, 5), 1024, 300 * second, usual).need_mb;
    const Forecast f = simulate(minutes(1440, 5), enough, 300 * second, usual);
    CHECK(f.forced_per_day == 0);
    CHECK(f.timed_per_day == Approx(288));
    CHECK(f.most_between == 1500 * megabyte);
    CHECK(simulate(minutes(1440, 5), enough - 16, 300 * second, usual).need_mb == enough);
}

TEST_CASE("a longer timeout needs more", "[simulate]") {
    const Forecast f = simulate(minutes(60, 5), 65536, 900 * second, usual);
    CHECK(f.need_mb == need_mb(4500 * megabyte, usual));
    CHECK(f.timed_per_day == Approx(96));
}

TEST_CASE("many forced within a minute are counted all", "[simulate]") {
    // 60,000 MB a minute through a trigger of 16 MB
    const Forecast f = simulate(minutes(10, 1000), 32, 300 * second, usual);
    CHECK(f.forced_per_day * 10 / 1440 == Approx(37500).margin(10));
}

TEST_CASE("idle minutes bring no checkpoints", "[simulate]") {
    MinuteLog log = minutes(1, 1);
    log.add(1000 + 1439, 0, 0);
    const Forecast f = simulate(log, 1024, 300 * second, usual);
    CHECK(f.minutes == 1440);
    CHECK(f.timed_per_day == Approx(1));
    CHECK(f.forced_per_day == 0);
    CHECK(f.need_mb == need_mb(60 * megabyte, usual));
}

TEST_CASE("the busiest span counts, wherever it begins", "[simulate]") {
    MinuteLog log = minutes(30, 0.5);
    log.add(1030, 4000 * megabyte, 0);
    log.add(1031, 1000 * megabyte, 0);
    log.add(1050, 0, 0);
    CHECK(simulate(log, 1024, 90 * second, usual).need_mb == need_mb(4500 * megabyte, usual));
    CHECK(simulate(log, 1024, 30 * second, usual).need_mb == need_mb(2000 * megabyte, usual));
}
