// Lengths of time as text: as users write them in options, and short for people to read.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgcrew::bgjob {

inline constexpr std::int64_t millisecond = 1000;
inline constexpr std::int64_t second = 1000 * millisecond;
inline constexpr std::int64_t minute = 60 * second;
inline constexpr std::int64_t hour = 60 * minute;
inline constexpr std::int64_t day = 24 * hour;
inline constexpr std::int64_t longest_duration = 36'525 * day; // a hundred years

// Microseconds of a text that the server would take for an interval: "5 min", "1.5 hours",
// "2 days 03:04:05.5". Not months and years, whose length varies, and nothing negative. nullopt
// for other texts and for more than the longest.
std::optional<std::int64_t> parse_duration(std::string_view text);

// A text that is read back as the same, in the units people use: "1 h 30 min".
std::string write_duration(std::int64_t us);

// At most three digits of the largest unit that fits: "0.42 ms", "12 ms", "3.2 s", "2 h 5 min".
std::string short_duration(std::int64_t us);

} // namespace pgcrew::bgjob
