#include "core/link/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace pgcrew::erlang_bridge {

void Histogram::add(std::uint64_t value) noexcept {
    std::uint32_t &count = counts_.at(bucket_of(value));
    count += count < std::numeric_limits<std::uint32_t>::max() ? 1U : 0U;
}

std::uint64_t Histogram::percentile(std::span<const std::uint32_t, buckets> counts,
                                    double share) noexcept {
    const auto total = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    if (total == 0)
        return 0;
    const double rank = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(total));
    auto left = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(rank));
    for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
        if (left <= counts[bucket])
            return middle_of(bucket);
        left -= counts[bucket];
    }
    return middle_of(buckets - 1);
}

} // namespace pgcrew::erlang_bridge
