// A cron expression: what users write, as sets of the values that match.
//
//   [second] minute hour day-of-month month day-of-week      5 fields, or 6 with the seconds first
//   @yearly @annually @monthly @weekly @daily @midnight @hourly
//   @every 1h30m          whole multiples of the interval since 1970-01-01 00:00 UTC, in any zone
//
// A field is a list of `*`, 5, 10-50, each with a step if wanted: `*/5`, 10-50/10, and 3/10, which
// is 3 to the end by 10. A range may wrap: 22-2, fri-mon. Months and days of the week have names of
// three letters in any case; Sunday is 0 and 7. L is the last day of the month.
//
// As in Vixie's cron, a day matches if it matches one of the two day fields, but if one of them has
// a `*`, with a step or not, it has to match both: "0 0 13 * fri" is each 13th and each Friday,
// "0 0 */2 * fri" each Friday with an odd date.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pgcrew::bgjob {

struct CronExpression {
    // Bit n: the value n matches. None of the sets is empty, but days_of_month with last_day.
    std::uint64_t seconds = 1;
    std::uint64_t minutes = 0;
    std::uint64_t hours = 0;
    std::uint64_t days_of_month = 0;
    std::uint64_t months = 0;
    std::uint64_t days_of_week = 0; // Sunday is 0
    bool last_day = false;          // the last day of a month matches day-of-month
    bool either_day = false;        // one of the two day fields is enough
    std::int64_t interval_s = 0;    // of @every; if not 0, nothing else counts

    bool every_hour() const noexcept { return hours == (1U << 24) - 1; }
    friend bool operator==(const CronExpression &, const CronExpression &) noexcept = default;
};

constexpr std::size_t max_cron_length = 256;
constexpr std::int64_t max_interval_s = std::int64_t{366} * 86400;

// Throws Error 22023, whose detail tells the place, for what is no expression and for one that
// never fires.
CronExpression parse_cron(std::string_view text);

} // namespace pgcrew::bgjob
