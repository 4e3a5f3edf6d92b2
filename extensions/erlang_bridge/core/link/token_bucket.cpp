#include "core/link/token_bucket.hpp"

#include <algorithm>
#include <cmath>

namespace pgcrew::erlang_bridge {

void TokenBucket::fill(Time now) noexcept {
    if (now <= filled_at_)
        return;
    tokens_ = std::min(burst_, tokens_ + static_cast<double>(now - filled_at_) * per_second_ /
                                             static_cast<double>(seconds(1)));
    filled_at_ = now;
}

bool TokenBucket::take(Time now, double tokens) noexcept {
    if (per_second_ <= 0)
        return true;
    fill(now);
    if (tokens_ < tokens)
        return false;
    tokens_ -= tokens;
    return true;
}

Time TokenBucket::available_at(Time now, double tokens) noexcept {
    if (per_second_ <= 0)
        return now;
    fill(now);
    if (tokens > burst_)
        return never;
    const double missing = std::max(0.0, tokens - tokens_);
    const double wait = std::ceil(missing / per_second_ * static_cast<double>(seconds(1)));
    return wait < static_cast<double>(never - now) ? now + static_cast<Time>(wait) : never;
}

} // namespace pgcrew::erlang_bridge
