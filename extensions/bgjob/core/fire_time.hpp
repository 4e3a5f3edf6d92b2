// When a cron expression fires next, in a time zone with all its jumps.
//
// If every hour matches, as in "*/15 * * * *", it fires whenever the local clock shows a matching
// time, so that runs stay evenly spaced. If the hours are restricted, each local time counts once:
// all that a gap in spring skips is one run, at the first instant after the gap, and what the clock
// passes again in autumn does not fire a second time.
#pragma once
#include "core/cron.hpp"

#include <cstdint>
#include <limits>
#include <optional>

namespace pgcrew::bgjob {

class TimeZone {
  public:
    static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
    // While the offset from UTC stays the same.
    struct Stretch {
        std::int64_t offset_s; // local time less UTC
        std::int64_t until_s;  // the first second after it, or `never`
    };
    // The one that holds this second since the Unix epoch. It may end where the next one has the
    // same offset. pg_next_dst_boundary() tells both in one call.
    virtual Stretch at(std::int64_t unix_s) const = 0;

  protected:
    ~TimeZone() = default; // nobody owns a zone through this
};

// The first instant after `after_us` at which the expression fires; none after the year 9999.
// Looks at some 40 years at most: 29 February on a certain day of the week is that rare.
std::optional<std::int64_t> next_after(const CronExpression &cron, const TimeZone &zone,
                                       std::int64_t after_us);

// The last such instant that is after `after_us` and not after `until_us`.
std::optional<std::int64_t> last_until(const CronExpression &cron, const TimeZone &zone,
                                       std::int64_t after_us, std::int64_t until_us);

} // namespace pgcrew::bgjob
