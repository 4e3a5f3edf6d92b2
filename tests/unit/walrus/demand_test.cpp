#include "catch.hpp"
#include "core/demand.hpp"
#include "core/sizing.hpp"

using namespace pgcrew::walrus;

namespace {

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t day = 86400 * second;

Sample at(std::int64_t seconds, double wal_mb = 0) {
    return {.at = seconds * second, .lsn = static_cast<std::uint64_t>(wal_mb * megabyte)};
}

} // namespace

TEST_CASE("the window spans one checkpoint_timeout and no more", "[demand]") {
    DemandWindow window{.samples = {}, .timeout_us = 300 * second};
    for (int t = 10; t <= 3000; t += 10)
        window.add(at(t));
    CHECK(window.samples.front().at == 2700 * second);
    CHECK(window.samples.size() == 31);
}

TEST_CASE("a day's window stays small and spans the day", "[demand]") {
    DemandWindow window{.samples = {}, .timeout_us = day};
    for (int t = 10; t <= 3 * 86400; t += 10) {
        window.add(at(t));
        REQUIRE(window.samples.size() <= DemandWindow::most_samples + 2);
        REQUIRE(window.samples.back().at == t * second);
    }
    const std::int64_t spanned = window.samples.back().at - window.samples.front().at;
    CHECK(spanned >= day);
    CHECK(spanned < day + day / 100);
}

TEST_CASE("the history of peaks stays small and keeps the highest", "[demand]") {
    PeakHistory peaks;
    for (int t = 3; t <= 2 * 86400; t += 3) {
        const std::int64_t bytes = t / 3 == 40000 ? 77 * megabyte : megabyte;
        peaks.add(at(t), bytes, 30 * second, day);
        REQUIRE(peaks.closed.size() <= PeakHistory::most_slots);
        if (t / 3 >= 40000)
            REQUIRE(peaks.most() == 77 * megabyte);
    }
    CHECK(peaks.spans(2 * day, day));
    CHECK(peaks.closed.back().at - peaks.closed.front().at > day * 99 / 100);
    CHECK(peaks.closed.back().at - peaks.closed.front().at <= day);
}

TEST_CASE("a peak is forgotten after the lookback", "[demand]") {
    PeakHistory peaks;
    peaks.add(at(10), megabyte, 300 * second, day);
    peaks.add(at(310), 9 * megabyte, 300 * second, day);
    for (int t = 320; t <= 86400 + 310; t += 10)
        peaks.add(at(t), megabyte, 300 * second, day);
    CHECK(peaks.most() == 9 * megabyte);
    for (int t = 86400 + 320; t <= 86400 + 1000; t += 10)
        peaks.add(at(t), megabyte, 300 * second, day);
    CHECK(peaks.most() == megabyte);
}

TEST_CASE("a pause is no time of learning", "[demand]") {
    PeakHistory peaks;
    peaks.add(at(10), megabyte, 300 * second, day);
    peaks.restart(at(10 + 86400), day);
    CHECK_FALSE(peaks.spans(at(10 + 86400).at, day));
}

TEST_CASE("images are counted once where cycles are not forced", "[demand]") {
    DemandWindow window{.samples = {}, .timeout_us = 300 * second};
    window.add({.at = 0, .lsn = 0});
    window.add({.at = 30 * second,
                .lsn = static_cast<std::uint64_t>(150 * megabyte),
                .fpi = 50 * megabyte});
    const Measurement m = measure(window, window.timeout_us);
    CHECK(m.known);
    CHECK_FALSE(m.full);
    CHECK(m.demand == (100 * 10 + 50) * megabyte);
}

TEST_CASE("[walrus-D5] demand is scaled by the time that passed", "[demand]") {
    DemandWindow window{.samples = {}, .timeout_us = 300 * second};
    window.add(at(0, 0));
    window.add(at(200, 200));
    window.add(at(400, 400));
    const Measurement m = measure(window, window.timeout_us);
    CHECK(m.full);
    CHECK(m.window_us == 400 * second);
    CHECK(m.demand == 300 * megabyte);
}

TEST_CASE("the minutes keep a day, idle ones included", "[demand]") {
    MinuteLog log;
    log.add(100, 2048, 1024);
    log.add(100, 2048, 4096);
    CHECK(log.minutes[100].wal_kb == 4);
    CHECK(log.minutes[100].image_kb == 3);
    CHECK(log.filled == 1);
    log.add(110, 1024, 0);
    CHECK(log.filled == 11);
    CHECK(log.minutes[105].wal_kb == 0);
    log.add(99, 1 << 20, 0); // the clock was set back
    CHECK(log.newest == 110);
    CHECK(log.minutes[99].wal_kb == 0);
    log.add(110 + MinuteLog::size, -5, -5);
    CHECK(log.filled == MinuteLog::size);
    CHECK(log.minutes[110].wal_kb == 0);
    CHECK(log.minutes[100].wal_kb == 0);
    log.add(110 + MinuteLog::size, INT64_MAX, INT64_MAX);
    CHECK(log.minutes[110].wal_kb == UINT32_MAX);
    log.add(INT64_MAX, 1024, 0);
    CHECK(log.filled == MinuteLog::size);
}
