#include "pgcrew/clock.hpp"

#include <chrono>

namespace pgcrew {
namespace {
template <class C> std::int64_t microseconds() {
    using std::chrono::duration_cast;
    return duration_cast<std::chrono::microseconds>(C::now().time_since_epoch()).count();
}
} // namespace

std::int64_t SystemClock::now() const { return microseconds<std::chrono::system_clock>(); }
std::int64_t SystemClock::monotonic() const { return microseconds<std::chrono::steady_clock>(); }
} // namespace pgcrew
