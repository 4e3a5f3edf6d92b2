// How much WAL the window's samples foretell for one checkpoint_timeout.
//
// Full-page images are not like other WAL: each page costs one after a checkpoint, however long it
// lasts. Their number therefore neither grows with time as the rest does, nor stays the same when
// there are fewer checkpoints.
#include "core/demand.hpp"

#include <algorithm>
#include <cmath>

namespace pgcrew::walrus {
namespace {

constexpr std::int64_t second = 1'000'000;

// Never more than ten times what was seen: a burst of seconds is no steady load.
constexpr double most_extrapolation = 10;

std::uint64_t checkpoints(const Sample &s) noexcept { return s.forced + s.timed + s.other; }

std::int64_t whole(double bytes) noexcept {
    constexpr double most = 4e18; // fits in 64 bits
    return static_cast<std::int64_t>(std::clamp(bytes, 0.0, most));
}

// What lies between two samples.
struct Span {
    double us, wal, images;

    Span(const Sample &from, const Sample &to)
        : us(static_cast<double>(to.at - from.at)), wal(static_cast<double>(to.lsn - from.lsn)),
          images(std::min(static_cast<double>(to.fpi - from.fpi), 0.95 * wal)) {}

    double without_images(double timeout_us) const {
        return (wal - images) * (us > 0 ? std::min(timeout_us / us, most_extrapolation) : 1);
    }
};

// The cycles between checkpoints within a window: images of all and of the costliest, and the
// first sample of the cycle that goes on.
struct Cycles {
    double images = 0, most_images = 0;
    std::size_t last = 0;

    explicit Cycles(const std::deque<Sample> &samples) {
        for (std::size_t i = 1; i < samples.size(); ++i)
            if (checkpoints(samples[i]) != checkpoints(samples[i - 1])) {
                count(samples[last], samples[i]);
                last = i;
            }
        count(samples[last], samples.back());
    }

  private:
    void count(const Sample &from, const Sample &to) {
        const Span cycle(from, to);
        images += cycle.images;
        most_images = std::max(most_images, cycle.images);
    }
};

} // namespace

Measurement measure(const DemandWindow &window, std::int64_t timeout_us) {
    const auto &samples = window.samples;
    const Sample &first = samples.front();
    const Sample &last = samples.back();
    Measurement m;
    m.window_us = last.at - first.at;
    m.forced = last.forced - first.forced;
    m.timed = last.timed - first.timed;
    m.other = last.other - first.other;
    // A bit less than two looks are apart, which may come early.
    m.known = m.window_us >= std::clamp(timeout_us / 40, 2 * second, 8 * second);
    m.full = m.window_us >= timeout_us;
    if (!m.known)
        return m;
    const auto timeout = static_cast<double>(timeout_us);
    const Cycles cycles(samples);
    // Forced checkpoints repeat images that one long cycle pays once: it pays no less than the
    // costliest of the cycles and no more than all of them. The mean of the two in ratio hit best
    // over constant loads; all of them led to twice the size that was needed.
    const double images =
        m.forced > 0 ? std::sqrt(cycles.images * cycles.most_images) : cycles.images;
    m.images = whole(images);
    m.demand = whole(Span(first, last).without_images(timeout) + images);
    const Span cycle(samples[cycles.last], last);
    m.since_checkpoint = whole(cycle.wal);
    if (cycle.us * most_extrapolation >= timeout)
        m.projected = whole(cycle.without_images(timeout) + cycle.images);
    return m;
}

} // namespace pgcrew::walrus
