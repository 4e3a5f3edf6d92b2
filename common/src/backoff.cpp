#include "pgcrew/backoff.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pgcrew {
namespace {

// Infinite where it would overflow, which the cap then takes care of.
double grown(const BackoffOptions &options, int failures) noexcept {
    const auto base = static_cast<double>(options.base);
    switch (options.growth) {
    case Growth::Fixed:
        return base;
    case Growth::Linear:
        return base * failures;
    case Growth::Exponential:
        break;
    }
    return base * std::pow(options.multiplier, failures - 1);
}

} // namespace

std::int64_t backoff_wait(const BackoffOptions &options, int failures,
                          std::uint32_t random) noexcept {
    if (options.base <= 0)
        return 0;
    const auto cap = static_cast<double>(options.cap);
    const double wait = std::min(grown(options, std::max(failures, 1)), cap);
    const double share = static_cast<double>(random) / std::numeric_limits<std::uint32_t>::max();
    double from = wait;
    double to = wait;
    switch (options.jitter) {
    case Jitter::None:
        break;
    case Jitter::Quarter:
        from = wait * 0.75;
        to = wait * 1.25;
        break;
    case Jitter::Half:
        from = wait * 0.5;
        break;
    case Jitter::Full:
        from = 0;
        break;
    }
    return static_cast<std::int64_t>(std::min(from + (to - from) * share, cap));
}

std::int64_t Backoff::next(std::uint32_t random) noexcept {
    failures_ += failures_ < std::numeric_limits<int>::max() ? 1 : 0;
    return backoff_wait(options_, failures_, random);
}

} // namespace pgcrew
