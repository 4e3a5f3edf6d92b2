// The circuit breaker of a node. After N failures within a window it opens: attempts fail at once.
// When the pause is over it is half-open and lets one trial through; a success closes it, a
// failure opens it for another pause.
#pragma once
#include "core/link/time.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>

namespace pgcrew::erlang_bridge {

struct BreakerOptions {
    std::size_t failures = 5; // that open it; 0: never
    Time window = seconds(30);
    Time pause = seconds(10);
};

enum class BreakerState : std::uint8_t { Closed, Open, HalfOpen };

const char *name(BreakerState state) noexcept; // the word users see

class Breaker {
  public:
    explicit Breaker(const BreakerOptions &options) : options_(options) {}

    BreakerState state(Time now) const noexcept;
    // Whether an attempt may begin. In half-open that attempt is the trial, and until it has
    // succeeded or failed there is no other.
    bool admit(Time now) noexcept;
    void succeeded() noexcept; // does not take failures back: a node may come and go all the time
    void failed(Time now);
    void abandoned() noexcept { trial_ = false; } // the attempt ended without saying anything
    Time half_open_at() const noexcept { return half_open_at_; } // when it is open

  private:
    BreakerOptions options_;
    std::deque<Time> failures_; // within the window, at most options_.failures of them
    bool open_ = false, trial_ = false;
    Time half_open_at_ = 0; // the end of the pause
};

} // namespace pgcrew::erlang_bridge
