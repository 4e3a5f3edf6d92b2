#include "pgcrew/token_bucket.hpp"

#include <algorithm>
#include <cmath>

namespace pgcrew {
namespace {

constexpr double second = 1e6;

} // namespace

void TokenBucket::fill(std::int64_t now) noexcept {
    if (now <= filled_at_)
        return;
    tokens_ =
        std::min(burst_, tokens_ + static_cast<double>(now - filled_at_) * per_second_ / second);
    filled_at_ = now;
}

bool TokenBucket::take(std::int64_t now, double tokens) noexcept {
    if (per_second_ <= 0)
        return true;
    fill(now);
    if (tokens_ < tokens)
        return false;
    tokens_ -= tokens;
    return true;
}

std::int64_t TokenBucket::available_at(std::int64_t now, double tokens) noexcept {
    if (per_second_ <= 0)
        return now;
    fill(now);
    if (tokens > burst_)
        return never;
    const double missing = std::max(0.0, tokens - tokens_);
    const double wait = std::ceil(missing / per_second_ * second);
    return wait < static_cast<double>(never - now) ? now + static_cast<std::int64_t>(wait) : never;
}

} // namespace pgcrew
