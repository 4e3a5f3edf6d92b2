// A rate limit: tokens come at a steady rate, at most `burst` of them wait to be taken.
#pragma once
#include "core/link/time.hpp"

namespace pgcrew::erlang_bridge {

class TokenBucket {
  public:
    // A rate of 0 or less is no limit.
    TokenBucket(double per_second, double burst, Time now) noexcept
        : per_second_(per_second), burst_(burst), tokens_(burst), filled_at_(now) {}

    bool take(Time now, double tokens = 1) noexcept;
    // When that many could be taken if nobody else took any; never if they are more than a burst.
    Time available_at(Time now, double tokens = 1) noexcept;

  private:
    void fill(Time now) noexcept;

    double per_second_, burst_, tokens_;
    Time filled_at_;
};

} // namespace pgcrew::erlang_bridge
