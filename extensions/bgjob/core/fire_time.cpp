#include "core/fire_time.hpp"

#include "pgcrew/error.hpp"

#include <algorithm>
#include <bit>
#include <chrono>

namespace pgcrew::bgjob {
namespace {

constexpr std::int64_t us_per_s = 1'000'000;
constexpr std::int64_t s_per_day = 86400;
constexpr std::int64_t earliest_s = -62'135'596'800; // 0001-01-01 00:00:00 UTC
constexpr std::int64_t latest_s = 253'402'300'799;   // 9999-12-31 23:59:59 UTC
constexpr int max_months = 41 * 12;
// In 40 years; zones have had ten changes in a year at most, and two or four as a rule.
constexpr int max_stretches = 1000;
// No clock has been put back by more than a day.
constexpr std::int64_t longest_overlap_s = 3 * s_per_day;

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

bool has(std::uint64_t set, unsigned n) { return (set >> n & 1) != 0; }

// The smallest element that is not below n, which is 63 at most.
std::optional<std::int64_t> first_from(std::uint64_t set, std::int64_t n) {
    const std::uint64_t left = set >> n;
    if (left == 0)
        return std::nullopt;
    return n + std::countr_zero(left);
}

// The days of a month that match, as a set.
std::uint64_t days_in(const CronExpression &cron, std::chrono::year_month month) {
    const unsigned first_weekday =
        std::chrono::weekday(std::chrono::sys_days(month / 1)).c_encoding();
    const auto length = static_cast<unsigned>((month / std::chrono::last).day());
    std::uint64_t by_date = cron.days_of_month & ((std::uint64_t{2} << length) - 1);
    if (cron.last_day)
        by_date |= std::uint64_t{1} << length;
    std::uint64_t by_weekday = 0;
    for (unsigned day = 1; day <= length; ++day)
        if (has(cron.days_of_week, (first_weekday + day - 1) % 7))
            by_weekday |= std::uint64_t{1} << day;
    return cron.either_day ? by_date | by_weekday : by_date & by_weekday;
}

// The first day from this one on that matches; days count from 1970-01-01.
std::optional<std::int64_t> next_day(const CronExpression &cron, std::int64_t day) {
    const std::chrono::year_month_day date{
        std::chrono::sys_days(std::chrono::days(static_cast<int>(day)))};
    std::chrono::year_month month = date.year() / date.month();
    auto from = static_cast<unsigned>(date.day());
    for (int i = 0; i <= max_months; ++i) {
        if (has(cron.months, static_cast<unsigned>(month.month())))
            if (const auto found = first_from(days_in(cron, month), from))
                return std::chrono::sys_days(month / 1).time_since_epoch().count() + *found - 1;
        month += std::chrono::months(1);
        from = 1;
    }
    return std::nullopt;
}

// The first second of a day, from this one on, that matches.
std::optional<std::int64_t> next_in_day(const CronExpression &cron, std::int64_t second_of_day) {
    const std::int64_t hour = second_of_day / 3600;
    const std::int64_t minute = second_of_day / 60 % 60;
    const std::int64_t first_second = std::countr_zero(cron.seconds);
    if (has(cron.hours, static_cast<unsigned>(hour))) {
        if (has(cron.minutes, static_cast<unsigned>(minute)))
            if (const auto second = first_from(cron.seconds, second_of_day % 60))
                return hour * 3600 + minute * 60 + *second;
        if (const auto later = first_from(cron.minutes, minute + 1))
            return hour * 3600 + *later * 60 + first_second;
    }
    if (const auto later = first_from(cron.hours, hour + 1))
        return *later * 3600 + std::int64_t{60} * std::countr_zero(cron.minutes) + first_second;
    return std::nullopt;
}

// The first local second from this one on that matches.
std::optional<std::int64_t> next_local(const CronExpression &cron, std::int64_t local) {
    const std::int64_t today = floor_div(local, s_per_day);
    const auto day = next_day(cron, today);
    if (!day)
        return std::nullopt;
    if (const auto second = next_in_day(cron, *day == today ? local - today * s_per_day : 0))
        return *day * s_per_day + *second;
    return next_local(cron, (today + 1) * s_per_day);
}

[[noreturn]] void endless_zone() {
    throw Error(sqlstate::internal_error, "time zone changes too often");
}

// The local time up to which all is done at this second. The stretch is the one that holds it.
std::int64_t reached(const CronExpression &cron, const TimeZone &zone, std::int64_t second,
                     const TimeZone::Stretch &stretch) {
    std::int64_t local = second + stretch.offset_s;
    if (cron.every_hour())
        return local;
    std::int64_t at = second - longest_overlap_s;
    for (int i = 0; i < max_stretches; ++i) {
        const TimeZone::Stretch earlier = zone.at(at);
        if (earlier.until_s > second)
            return local;
        local = std::max(local, earlier.until_s - 1 + earlier.offset_s);
        at = earlier.until_s;
    }
    endless_zone();
}

std::optional<std::int64_t> next_second(const CronExpression &cron, const TimeZone &zone,
                                        std::int64_t after) {
    TimeZone::Stretch stretch = zone.at(after);
    auto local = next_local(cron, reached(cron, zone, after, stretch) + 1);
    std::int64_t from = after + 1;
    for (int i = 0; i < max_stretches && local; ++i) {
        // What a gap has skipped comes as soon as the gap is over.
        const std::int64_t fires = std::max(*local - stretch.offset_s, from);
        if (fires < stretch.until_s)
            return fires;
        from = stretch.until_s;
        stretch = zone.at(from);
        if (cron.every_hour())
            local = next_local(cron, from + stretch.offset_s);
    }
    if (local)
        endless_zone();
    return std::nullopt;
}

} // namespace

std::optional<std::int64_t> next_after(const CronExpression &cron, const TimeZone &zone,
                                       std::int64_t after_us) {
    const std::int64_t after = std::max(floor_div(after_us, us_per_s), earliest_s);
    if (after >= latest_s)
        return std::nullopt;
    const auto found = cron.interval_s != 0
                           ? (floor_div(after, cron.interval_s) + 1) * cron.interval_s
                           : next_second(cron, zone, after);
    if (!found || *found > latest_s)
        return std::nullopt;
    return *found * us_per_s;
}

std::optional<std::int64_t> last_until(const CronExpression &cron, const TimeZone &zone,
                                       std::int64_t after_us, std::int64_t until_us) {
    const std::int64_t after = std::max(after_us, earliest_s * us_per_s);
    const std::int64_t until = std::min(until_us, latest_s * us_per_s);
    const auto next = [&](std::int64_t from) {
        const auto found = next_after(cron, zone, from);
        return found && *found <= until ? found : std::nullopt;
    };
    // Back from the end by growing steps, as the last one is usually near; then halves.
    std::int64_t nothing_after = until;
    std::optional<std::int64_t> last;
    for (std::int64_t width = us_per_s; !last && nothing_after > after; width *= 2) {
        const std::int64_t from = std::max(after, until - width);
        last = next(from);
        if (!last)
            nothing_after = from;
    }
    while (last && nothing_after - *last >= us_per_s) {
        const std::int64_t middle = *last + (nothing_after - *last) / 2;
        if (const auto later = next(middle))
            last = later;
        else
            nothing_after = middle;
    }
    return last;
}

} // namespace pgcrew::bgjob
