// What-if from SQL: sizes are read as the server reads max_wal_size.
#include "core/simulate.hpp"
#include "pg/shown.hpp"
#include "pgcrew/args.hpp"

#include <climits>

extern "C" {
#include <access/xlog.h>
#include <postmaster/bgwriter.h>
#include <utils/guc.h>
}

namespace pgcrew::walrus {
namespace {

constexpr std::int64_t second_ms = 1000, day_s = 24LL * 3600;
constexpr int least_timeout_s = 30;

Geometry geometry() {
    return {.segment_mb = static_cast<int>(wal_segment_size / megabyte),
            .completion_target = CheckPointCompletionTarget};
}

int size_of(const std::string &text) {
    int mb = 0;
    const char *hint = nullptr;
    if (!call([&] { return parse_int(text.c_str(), &mb, GUC_UNIT_MB, &hint); }))
        throw Error(sqlstate::invalid_parameter_value,
                    "invalid value for max_wal_size: \"" + text + "\"", {},
                    hint != nullptr ? _(hint) : "");
    const int least = 2 * geometry().segment_mb;
    if (mb < least)
        throw Error(sqlstate::invalid_parameter_value,
                    "max_wal_size must be between " + std::to_string(least) + " and " +
                        std::to_string(INT_MAX) + " MB",
                    "The server needs at least two WAL segments.");
    return mb;
}

std::int64_t timeout_of(const Args &args, int i) {
    const std::optional<std::int64_t> ms = args.opt_interval_ms(i);
    if (!ms)
        return CheckPointTimeout * second_ms;
    if (*ms < least_timeout_s * second_ms || *ms > day_s * second_ms)
        throw Error(sqlstate::invalid_parameter_value,
                    "checkpoint_timeout must be between 30 seconds and 1 day");
    return *ms;
}

} // namespace

PGCREW_FUNCTION(walrus_simulate) {
    const Args args(fcinfo);
    const int mb = size_of(args.text(0, "max_wal_size"));
    const std::int64_t timeout_us = timeout_of(args, 1) * 1000;
    const Forecast f = simulate(recorded_demand(), mb, timeout_us, geometry());
    const bool known = f.minutes > 0;
    return Record(fcinfo).make({mb, interval_of(timeout_us), f.minutes, f.wal,
                                known ? Value(f.forced_per_day) : Value::null(FLOAT8OID),
                                known ? Value(f.timed_per_day) : Value::null(FLOAT8OID),
                                known ? Value(f.most_between) : Value::null(INT8OID),
                                known ? Value(f.need_mb) : Value::null(INT4OID)});
}
} // namespace pgcrew::walrus
