// A short look before a sleep. To be woken costs some ten microseconds, much more when the
// processor had nothing else to do; most answers of a small job come sooner than that.
#pragma once
#include <chrono>
#include <thread>
#include <unistd.h>

namespace pgcrew {

// Looks until `seen()` or until the limit, whichever comes first; true if seen. With one processor
// nobody else could make it come true meanwhile.
template <class F> bool spin_until(std::chrono::microseconds limit, F seen) noexcept {
    using Clock = std::chrono::steady_clock;
    static const bool alone = sysconf(_SC_NPROCESSORS_ONLN) < 2;
    if (alone)
        return seen();
    for (const Clock::time_point end = Clock::now() + limit; !seen();)
        if (Clock::now() >= end)
            return false;
        else
            std::this_thread::yield(); // the answer may have to come from this very processor
    return true;
}

} // namespace pgcrew
