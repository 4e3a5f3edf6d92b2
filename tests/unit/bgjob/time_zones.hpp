// Time zones for tests of schedules: made of rules that are written here, and those of the C
// library where it has them. Civil times are told by the C library, not by what is tested.
#pragma once
#include "core/fire_time.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace cron_test {

using pgcrew::bgjob::TimeZone;

constexpr std::int64_t second = 1'000'000; // in microseconds
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t hour_s = 3600; // in seconds
constexpr std::int64_t day_s = 86400;

// Seconds since the epoch of "2024-02-29 12:00" or "2024-02-29 12:00:30", as UTC.
inline std::int64_t seconds_at(const std::string &text) {
    std::tm tm{};
    std::sscanf(text.c_str(), "%d-%d-%d %d:%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                &tm.tm_hour, &tm.tm_min, &tm.tm_sec);
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return timegm(&tm);
}

inline std::int64_t utc(const std::string &text) { return seconds_at(text) * second; }

inline std::tm civil(std::int64_t local_s) {
    const std::time_t seconds = local_s;
    std::tm tm{};
    gmtime_r(&seconds, &tm);
    return tm;
}

// A zone that is a list of changes; counts how often it is asked.
class TableZone : public TimeZone {
  public:
    using Change = std::pair<std::int64_t, std::int64_t>; // since this second, this offset
    TableZone(std::int64_t first_offset, std::vector<Change> changes)
        : first_offset_(first_offset), changes_(std::move(changes)) {}
    Stretch at(std::int64_t unix_s) const override {
        ++asked;
        const auto next =
            std::upper_bound(changes_.begin(), changes_.end(), unix_s,
                             [](std::int64_t s, const Change &change) { return s < change.first; });
        return {next == changes_.begin() ? first_offset_ : std::prev(next)->second,
                next == changes_.end() ? never : next->first};
    }
    mutable int asked = 0;

  private:
    std::int64_t first_offset_;
    std::vector<Change> changes_;
};

// The n-th Sunday of a month, or the last one if n is 0, at midnight.
inline std::int64_t sunday(int year, int month, int n) {
    std::tm tm{};
    tm.tm_year = year - 1900;
    tm.tm_mon = n == 0 ? month : month - 1;
    tm.tm_mday = 1;
    const std::int64_t first = timegm(&tm);
    return first + ((7 - civil(first).tm_wday) % 7 + 7 * (n - 1)) * day_s;
}

inline TableZone fixed_zone(std::int64_t offset_s) { return {offset_s, {}}; }

inline TableZone new_york() {
    std::vector<TableZone::Change> changes;
    for (int year = 2007; year < 2100; ++year) {
        changes.emplace_back(sunday(year, 3, 2) + 7 * hour_s, -4 * hour_s);
        changes.emplace_back(sunday(year, 11, 1) + 6 * hour_s, -5 * hour_s);
    }
    return {-5 * hour_s, changes};
}

// Half an hour of daylight saving time, in the southern summer.
inline TableZone lord_howe() {
    std::vector<TableZone::Change> changes;
    for (int year = 2008; year < 2100; ++year) {
        changes.emplace_back(sunday(year, 4, 1) - 9 * hour_s, 37800);
        changes.emplace_back(sunday(year, 10, 1) - 8 * hour_s - 1800, 39600);
    }
    return {39600, changes};
}

// 2011-12-30 was left out; daylight saving time with gap and overlap at 3 and 4 o'clock.
inline TableZone apia() {
    return {-11 * hour_s,
            {{seconds_at("2010-09-26 11:00"), -10 * hour_s},
             {seconds_at("2011-04-02 14:00"), -11 * hour_s},
             {seconds_at("2011-09-24 14:00"), -10 * hour_s},
             {seconds_at("2011-12-30 10:00"), 14 * hour_s},
             {seconds_at("2012-03-31 14:00"), 13 * hour_s},
             {seconds_at("2012-09-29 14:00"), 14 * hour_s}}};
}

// Gap at midnight, overlap before midnight, as in Sao Paulo until 2019.
inline TableZone midnight_zone() {
    std::vector<TableZone::Change> changes;
    for (int year = 2008; year < 2019; ++year) {
        changes.emplace_back(sunday(year, 2, 3) + 2 * hour_s, -3 * hour_s);
        changes.emplace_back(sunday(year, 10, 3) + 3 * hour_s, -2 * hour_s);
    }
    return {-2 * hour_s, changes};
}

// Changes that no government has thought of: close together, one after the other in the same
// direction, by odd amounts, back by a whole day, and one that changes nothing.
inline TableZone mad_zone() {
    const std::int64_t begin = seconds_at("2011-01-01 00:00");
    return {0,
            {{begin + 20 * day_s, 7200},
             {begin + 20 * day_s + 1800, 900},
             {begin + 20 * day_s + 2400, 14400},
             {begin + 50 * day_s, 14400},
             {begin + 90 * day_s, 7200},
             {begin + 90 * day_s + 3600, 2700},
             {begin + 90 * day_s + 5400, -1800},
             {begin + 200 * day_s + 60, day_s - 1800},
             {begin + 300 * day_s + 120, -1800},
             {begin + 300 * day_s + 3600, 1800}}};
}

// The offset of the C library's current zone.
inline std::int64_t library_offset(std::int64_t unix_s) {
    const std::time_t seconds = unix_s;
    std::tm tm{};
    localtime_r(&seconds, &tm);
    return tm.tm_gmtoff;
}

// Makes a zone of the C library's data the current one; false if there are none.
class LibraryZone {
  public:
    explicit LibraryZone(const std::string &name)
        : known_(std::ifstream("/usr/share/zoneinfo/" + name).good()) {
        setenv("TZ", (":" + name).c_str(), 1);
        tzset();
    }
    ~LibraryZone() {
        unsetenv("TZ");
        tzset();
    }
    LibraryZone(const LibraryZone &) = delete;
    LibraryZone &operator=(const LibraryZone &) = delete;
    bool known() const { return known_; }

    // The changes in a span of time, found to the second. No zone changes twice in six hours.
    static TableZone table(std::int64_t from, std::int64_t to) {
        std::vector<TableZone::Change> changes;
        for (std::int64_t at = from; at < to; at += 6 * hour_s) {
            const std::int64_t before = library_offset(at);
            std::int64_t low = at;
            std::int64_t high = at + 6 * hour_s;
            if (library_offset(high) == before)
                continue;
            while (high - low > 1) {
                const std::int64_t middle = low + (high - low) / 2;
                (library_offset(middle) == before ? low : high) = middle;
            }
            changes.emplace_back(high, library_offset(high));
        }
        return {library_offset(from), changes};
    }

  private:
    bool known_;
};

} // namespace cron_test
