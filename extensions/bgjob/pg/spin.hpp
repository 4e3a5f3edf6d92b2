// A short look before a sleep. To be woken costs some ten microseconds, much more when the
// processor had nothing else to do; most answers of a small job come sooner than that.
#pragma once
#include <chrono>
#include <unistd.h>

namespace pgcrew::bgjob {

// Looks until `seen()` or for 50 us, whichever comes first; true if seen. With one processor nobody
// else could make it come true meanwhile.
template <class F> bool spin_until(F seen) noexcept {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::microseconds limit{50};
    static const bool alone = sysconf(_SC_NPROCESSORS_ONLN) < 2;
    if (alone)
        return seen();
    for (const Clock::time_point end = Clock::now() + limit; !seen();)
        if (Clock::now() >= end)
            return false;
    return true;
}

} // namespace pgcrew::bgjob
