// The server's clock, which alone decides leases; the contract counts milliseconds since 1970.
#pragma once
#include "pg/settings.hpp"

extern "C" {
#include <datatype/timestamp.h>
#include <utils/timestamp.h>
}

namespace pgcrew::bgjob::duroxide {

inline TimestampTz server_now() noexcept {
    return GetCurrentTimestamp() + int64{settings::duroxide_clock_skew} * 1000;
}

inline constexpr int64 unix_epoch_us =
    int64{POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE} * USECS_PER_DAY;

inline int64 unix_ms(TimestampTz at) noexcept { return (at + unix_epoch_us) / 1000; }

// What does not fit becomes the end of time.
inline TimestampTz from_unix_ms(int64 ms) noexcept {
    constexpr int64 first = -unix_epoch_us / 1000, last = (INT64_MAX - unix_epoch_us) / 1000 - 1;
    return ms > last ? DT_NOEND : Max(ms, first) * 1000 - unix_epoch_us;
}

// So many milliseconds later, but no overflow.
inline int64 later_ms(int64 ms, int64 by) noexcept {
    return by > INT64_MAX - ms ? INT64_MAX : ms + by;
}

} // namespace pgcrew::bgjob::duroxide
