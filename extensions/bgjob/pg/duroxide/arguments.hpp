// Arguments of the contract's functions, which runtimes give by position.
#pragma once
#include "pgcrew/args.hpp"

namespace pgcrew::bgjob::duroxide {

// 22004 if it is null.
inline void require_argument(FunctionCallInfo fcinfo, int i, const char *name) {
    if (fcinfo->args[i].isnull)
        throw Error(sqlstate::null_value_not_allowed, std::string(name) + " must not be null");
}

// Milliseconds of a lease: 22023 unless it lasts.
inline int64 lease_ms(const Args &args, int i, const char *name) {
    const int64 ms = args.int64(i, name);
    if (ms <= 0)
        throw Error(sqlstate::invalid_parameter_value,
                    std::string(name) + " must be greater than zero");
    return ms;
}

// The same in whole seconds, which is how leases are renewed.
inline int64 lease_ms_of_seconds(const Args &args, int i, const char *name) {
    return Min(lease_ms(args, i, name), PG_INT64_MAX / 1000) * 1000;
}

} // namespace pgcrew::bgjob::duroxide
