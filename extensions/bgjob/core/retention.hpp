// How long finished jobs are remembered, and the partitions of their history: one for each day of
// UTC, made ahead and dropped whole.
#pragma once
#include "core/duration.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgcrew::bgjob {

// What a queue keeps of its finished jobs. The history holds those of queues that keep all; jobs
// that failed for good stand in a table of their own, so the other kinds have nothing in it.
struct Keep {
    enum class What : std::uint8_t { All, Failed, None };
    What what = What::All;
    std::int64_t for_us = 30 * day; // 0: for ever; has a meaning for All only

    friend bool operator==(const Keep &, const Keep &) = default;
};

using Day = std::int32_t; // since 1970-01-01

Day day_of(std::int64_t us) noexcept; // which it is in UTC; the first or last one beyond the ends

// "job_run_20260721" for the table "job_run" and one of the years 1970 to 9999.
std::string partition_name(std::string_view table, Day number);
// The day of such a name; nullopt for all other names.
std::optional<Day> partition_day(std::string_view table, std::string_view name);

// The bounds of a partition, FOR VALUES FROM (from) TO (to), independent of TimeZone and DateStyle.
struct PartitionBounds {
    std::string from, to; // "2026-07-21 00:00:00+00"
};
PartitionBounds partition_bounds(Day number);

// Which of these days are over for every queue; none if one of them keeps all for ever. Without
// any queue that keeps all, those before today.
std::vector<Day> droppable_days(std::span<const Day> existing, std::span<const Keep> queues,
                                std::int64_t now);

// Which days are missing from today until `ahead` days later.
std::vector<Day> days_to_create(std::span<const Day> existing, std::int64_t now, int ahead);

} // namespace pgcrew::bgjob
