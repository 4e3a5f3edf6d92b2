// How long to wait before the next attempt to connect: longer after each failure, and never the
// same for two who failed together.
#pragma once
#include "core/link/time.hpp"

#include <cstdint>

namespace pgcrew::erlang_bridge {

struct BackoffOptions {
    Time base = milliseconds(100);
    Time cap = seconds(30);
    double multiplier = 2; // at least 1
};

class Backoff {
  public:
    explicit Backoff(const BackoffOptions &options) noexcept : options_(options) {}

    // The wait after one more failure: between half and all of base * multiplier^failures, which
    // is at most the cap. `random` chooses within that.
    Time next(std::uint32_t random) noexcept;
    void reset() noexcept { current_ = 0; } // after a success
    Time cap() const noexcept { return options_.cap; }

  private:
    BackoffOptions options_;
    Time current_ = 0;
};

} // namespace pgcrew::erlang_bridge
