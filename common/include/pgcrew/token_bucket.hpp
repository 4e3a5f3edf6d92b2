// A rate limit: tokens come at a steady rate, at most `burst` of them wait to be taken. Times are
// microseconds of a clock that never goes back.
#pragma once
#include <cstdint>
#include <limits>

namespace pgcrew {

class TokenBucket {
  public:
    static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

    // A rate of 0 or less is no limit.
    TokenBucket(double per_second, double burst, std::int64_t now) noexcept
        : per_second_(per_second), burst_(burst), tokens_(burst), filled_at_(now) {}

    bool take(std::int64_t now, double tokens = 1) noexcept;
    // When that many could be taken if nobody else took any; never if they are more than a burst.
    std::int64_t available_at(std::int64_t now, double tokens = 1) noexcept;

  private:
    void fill(std::int64_t now) noexcept;

    double per_second_, burst_, tokens_;
    std::int64_t filled_at_;
};

} // namespace pgcrew
