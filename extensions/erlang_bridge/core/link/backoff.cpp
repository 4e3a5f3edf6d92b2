#include "core/link/backoff.hpp"

#include <algorithm>
#include <limits>

namespace pgcrew::erlang_bridge {

Time Backoff::next(std::uint32_t random) noexcept {
    const double grown = current_ == 0 ? static_cast<double>(options_.base)
                                       : static_cast<double>(current_) * options_.multiplier;
    current_ = static_cast<Time>(std::min(grown, static_cast<double>(options_.cap)));
    const double share = static_cast<double>(random) / std::numeric_limits<std::uint32_t>::max();
    const Time half = current_ / 2;
    return half + static_cast<Time>(static_cast<double>(current_ - half) * share);
}

} // namespace pgcrew::erlang_bridge
