#include "core/retention.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace pgcrew::bgjob {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

constexpr Day first_day = 0;
constexpr Day last_day =
    sys_days(year(9999) / std::chrono::December / 31).time_since_epoch().count();

std::string written(Day number, const char *format) {
    const year_month_day date{sys_days(days(number))};
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), format, static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    return text.data();
}

} // namespace

Day day_of(std::int64_t us) noexcept {
    const std::int64_t whole = us / day - (us % day < 0 ? 1 : 0);
    return static_cast<Day>(std::clamp<std::int64_t>(whole, first_day, last_day));
}

std::string partition_name(std::string_view table, Day number) {
    return std::string(table) + written(std::clamp(number, first_day, last_day), "_%04d%02u%02u");
}

std::optional<Day> partition_day(std::string_view table, std::string_view name) {
    constexpr std::size_t digits = 8;
    if (name.size() != table.size() + 1 + digits || !name.starts_with(table))
        return std::nullopt;
    unsigned number = 0;
    const char *end = name.data() + name.size();
    const auto read = std::from_chars(end - digits, end, number);
    if (read.ec != std::errc() || read.ptr != end)
        return std::nullopt;
    const year_month_day date{year(static_cast<int>(number / 10'000)),
                              std::chrono::month(number / 100 % 100),
                              std::chrono::day(number % 100)};
    if (!date.ok())
        return std::nullopt;
    const auto found = static_cast<Day>(sys_days(date).time_since_epoch().count());
    if (found < first_day || partition_name(table, found) != name)
        return std::nullopt;
    return found;
}

PartitionBounds partition_bounds(Day number) {
    constexpr const char *midnight = "%04d-%02u-%02u 00:00:00+00";
    return {written(number, midnight), written(number + 1, midnight)};
}

std::vector<Day> droppable_days(std::span<const Day> existing, std::span<const Keep> queues,
                                std::int64_t now) {
    std::int64_t longest = 0;
    for (const Keep &keep : queues) {
        if (keep.what != Keep::What::All)
            continue;
        if (keep.for_us == 0)
            return {};
        longest = std::max(longest, keep.for_us);
    }
    const Day oldest_kept = day_of(now - longest);
    std::vector<Day> over;
    std::copy_if(existing.begin(), existing.end(), std::back_inserter(over),
                 [&](Day one) { return one < oldest_kept; });
    return over;
}

std::vector<Day> days_to_create(std::span<const Day> existing, std::int64_t now, int ahead) {
    const Day today = day_of(now);
    std::vector<Day> missing;
    for (Day one = today; one <= std::min(today + ahead, last_day); ++one)
        if (std::find(existing.begin(), existing.end(), one) == existing.end())
            missing.push_back(one);
    return missing;
}

} // namespace pgcrew::bgjob
