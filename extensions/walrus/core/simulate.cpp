#include "core/simulate.hpp"

#include <algorithm>
#include <cmath>

namespace pgcrew::walrus {
namespace {

constexpr double minute_s = 60;
constexpr double kilobyte = 1024;

// The recorded minutes, oldest first, as bytes.
class Recording {
  public:
    explicit Recording(const MinuteLog &log) : log_(log) {}
    int minutes() const { return log_.filled; }
    double bytes(int minute) const {
        const std::int64_t number = log_.newest - log_.filled + 1 + minute;
        const auto slot = static_cast<std::size_t>(number % MinuteLog::size);
        return log_.minutes[slot].wal_kb * kilobyte;
    }

  private:
    const MinuteLog &log_;
};

// The most WAL within any `timeout_s` seconds, WAL being even within a minute: one end of the
// busiest span then stands at the border of a minute.
double busiest(const Recording &recording, double timeout_s) {
    std::array<double, MinuteLog::size + 1> until{};
    const auto last = static_cast<std::size_t>(recording.minutes());
    for (std::size_t i = 0; i < last; ++i)
        until[i + 1] = until[i] + recording.bytes(static_cast<int>(i));
    const auto at = [&](double minute) {
        const double inside = std::clamp(minute, 0.0, static_cast<double>(last));
        const auto whole = std::min(static_cast<std::size_t>(inside), last);
        const std::size_t next = std::min(whole + 1, last);
        return until[whole] + (inside - static_cast<double>(whole)) * (until[next] - until[whole]);
    };
    const double span = timeout_s / minute_s;
    double most = 0;
    for (std::size_t i = 0; i <= last; ++i) {
        const auto border = static_cast<double>(i);
        most = std::max({most, at(border + span) - until[i], until[i] - at(border - span)});
    }
    return most;
}

// The checkpointer under recorded demand. A timed checkpoint without WAL before it is skipped.
struct Checkpointer {
    double trigger, timeout_s;
    double distance = 0, age_s = 0, most = 0;
    double forced = 0, timed = 0;

    void checkpoint(double &count) {
        count += 1;
        most = std::max(most, distance);
        distance = age_s = 0;
    }

    void minute(double bytes) {
        const double rate = bytes / minute_s;
        double left_s = minute_s;
        while (left_s > 0) {
            const double until_time = timeout_s - age_s;
            const double until_wal = rate > 0 ? (trigger - distance) / rate : HUGE_VAL;
            const double next = std::min({left_s, until_time, until_wal});
            distance += rate * next;
            age_s += next;
            left_s -= next;
            if (next >= until_wal) {
                checkpoint(forced);
                // Many a second would take as many rounds: those of whole cycles are counted at
                // once.
                const double cycle_s = trigger / rate;
                const double cycles = cycle_s < timeout_s ? std::floor(left_s / cycle_s) : 0;
                forced += cycles;
                left_s -= cycles * cycle_s;
            } else if (next >= until_time) {
                if (distance > 0)
                    checkpoint(timed);
                age_s = 0;
            }
        }
    }
};

} // namespace

Forecast simulate(const MinuteLog &log, int max_wal_size_mb, std::int64_t timeout_us,
                  const Geometry &geometry) {
    const Recording recording(log);
    if (recording.minutes() == 0 || timeout_us <= 0)
        return {};
    const double timeout_s = static_cast<double>(timeout_us) / 1e6;
    Checkpointer checkpointer{static_cast<double>(trigger_bytes(max_wal_size_mb, geometry)),
                              timeout_s};
    double wal = 0;
    for (int i = 0; i < recording.minutes(); ++i) {
        wal += recording.bytes(i);
        checkpointer.minute(recording.bytes(i));
    }
    const double days = recording.minutes() / 1440.0;
    return {.minutes = recording.minutes(),
            .wal = static_cast<std::int64_t>(wal),
            .forced_per_day = checkpointer.forced / days,
            .timed_per_day = checkpointer.timed / days,
            .most_between =
                static_cast<std::int64_t>(std::max(checkpointer.most, checkpointer.distance)),
            .need_mb = need_mb(static_cast<std::int64_t>(std::ceil(busiest(recording, timeout_s))),
                               geometry)};
}

} // namespace pgcrew::walrus
