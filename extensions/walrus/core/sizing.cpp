#include "core/sizing.hpp"

#include <algorithm>
#include <climits>

namespace pgcrew::walrus {
namespace {

std::int64_t segment_bytes(const Geometry &g) noexcept { return g.segment_mb * megabyte; }

} // namespace

int checkpoint_segments(int max_wal_size_mb, const Geometry &g) noexcept {
    const int segments = max_wal_size_mb / g.segment_mb;
    return std::max(1, static_cast<int>(segments / (1.0 + g.completion_target)));
}

// A checkpoint is asked for when a segment is full, so one segment is the least.
std::int64_t trigger_bytes(int max_wal_size_mb, const Geometry &g) noexcept {
    return std::max(1, checkpoint_segments(max_wal_size_mb, g) - 1) * segment_bytes(g);
}

int need_mb(std::int64_t demand, const Geometry &g) noexcept {
    const int largest = round_down_mb(INT_MAX, g);
    const std::int64_t whole = std::max<std::int64_t>(demand, 0) / segment_bytes(g);
    const std::int64_t filled = whole + (demand > whole * segment_bytes(g) ? 1 : 0);
    const std::int64_t segments =
        filled + 1; // checkpoint_segments() counts the one of the redo point
    const double estimate = static_cast<double>(segments) * (1.0 + g.completion_target);
    if (estimate * g.segment_mb >= largest)
        return largest;
    // Where the division above and this product round differently, the estimate is one off.
    int mb = static_cast<int>(estimate) * g.segment_mb;
    while (mb < largest && checkpoint_segments(mb, g) < segments)
        mb += g.segment_mb;
    return std::max(mb, g.segment_mb);
}

int round_down_mb(std::int64_t mb, const Geometry &g) noexcept {
    const std::int64_t bounded = std::clamp<std::int64_t>(mb, 0, INT_MAX);
    return static_cast<int>(bounded - bounded % g.segment_mb);
}

int round_up_mb(std::int64_t mb, const Geometry &g) noexcept {
    return round_down_mb(std::min<std::int64_t>(mb, INT_MAX) + g.segment_mb - 1, g);
}

} // namespace pgcrew::walrus
