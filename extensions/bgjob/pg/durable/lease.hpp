// How long a program has a task for itself.
#pragma once
#include "core/duration.hpp"
#include "pgcrew/args.hpp"

namespace pgcrew::bgjob {

inline constexpr std::int64_t longest_lease = day;

// The argument "lease", in microseconds.
inline std::int64_t lease_of(const Args &args, int i) {
    const std::int64_t ms = args.interval_ms(i, "lease");
    if (ms <= 0 || ms > longest_lease / millisecond)
        throw Error(sqlstate::invalid_parameter_value,
                    "\"lease\" must be positive and at most one day", "",
                    "A program that needs more time renews its lease with bgjob.renew_task().");
    return ms * millisecond;
}

} // namespace pgcrew::bgjob
