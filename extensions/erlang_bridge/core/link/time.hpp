// Time as a link sees it: a number of microseconds of a clock that never goes back.
#pragma once
#include <cstdint>
#include <limits>

namespace pgcrew::erlang_bridge {

using Time = std::int64_t; // also for lengths of time

inline constexpr Time never = std::numeric_limits<Time>::max();
constexpr Time milliseconds(std::int64_t n) noexcept { return n * 1000; }
constexpr Time seconds(std::int64_t n) noexcept { return n * 1000000; }

// `delay` after `now`; never if that is beyond the end of time.
constexpr Time after(Time now, Time delay) noexcept {
    return delay > never - now ? never : now + delay;
}

} // namespace pgcrew::erlang_bridge
