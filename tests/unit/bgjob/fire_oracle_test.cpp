// Random expressions in many zones against a clock that goes through the years minute by minute
// and asks at each tick whether what the local clock has come to, or jumped over, matches.
#include "catch.hpp"
#include "core/fire_time.hpp"
#include "pgcrew/error.hpp"
#include "time_zones.hpp"

#include <algorithm>
#include <functional>
#include <random>

using namespace cron_test;
using pgcrew::bgjob::last_until;
using pgcrew::bgjob::next_after;
using pgcrew::bgjob::parse_cron;

namespace {

std::mt19937_64 &engine() {
    static std::mt19937_64 one;
    return one;
}
int below(int n) { return static_cast<int>((engine()() >> 33) % static_cast<std::uint64_t>(n)); }

struct Field {
    std::string text;
    bool matches[64] = {}; // by index, which is fast without the optimiser, too
    bool star = false;
    bool last = false;
};

// One field with what it means, told in the plainest way.
Field random_field(int low, int high, bool date, int items) {
    Field field;
    for (int i = 0; i < items; ++i) {
        field.text += i == 0 ? "" : ",";
        const int kind = below(date ? 7 : 6);
        const int step = kind == 0 || kind == 3 || kind == 5 ? 1 : 1 + below(high - low + 1);
        const int from = kind < 2 ? low : low + below(high - low + 1);
        const int to = kind < 2 || kind == 2 ? high : low + below(high - low + 1);
        if (kind == 6) {
            field.text += "L";
            field.last = true;
            continue;
        }
        if (kind < 2) {
            field.text += "*";
            field.star = true;
        } else {
            field.text += std::to_string(from);
        }
        if (kind == 3 || kind == 4)
            field.text += "-" + std::to_string(to);
        if (step > 1 || kind == 1 || kind == 2)
            field.text += "/" + std::to_string(step);
        const int end = kind == 5 ? from : to;
        int left = 0;
        for (int value = from;; value = value == high ? low : value + 1) {
            if (left-- == 0) {
                field.matches[value] = true;
                left = step - 1;
            }
            if (value == end)
                break;
        }
    }
    return field;
}

Field any_field() {
    Field field;
    field.text = "*";
    field.star = true;
    std::fill_n(field.matches, 64, true);
    return field;
}

struct Expression {
    Field second, minute, hour, date, month, weekday;
    std::string text;
    bool every_hour;

    bool day_matches(std::int64_t local_day) const {
        const std::tm tm = civil(local_day * 86400);
        const bool by_date =
            date.matches[tm.tm_mday] || (date.last && civil((local_day + 1) * 86400).tm_mday == 1);
        const bool by_weekday = weekday.matches[tm.tm_wday];
        return month.matches[tm.tm_mon + 1] &&
               (date.star || weekday.star ? by_date && by_weekday : by_date || by_weekday);
    }
};

Expression random_expression(bool with_seconds) {
    const auto field = [](int low, int high, int restricted_in_10, bool date = false) {
        return below(10) < restricted_in_10 ? random_field(low, high, date, 1 + below(3))
                                            : any_field();
    };
    Expression e;
    e.second.matches[0] = true;
    if (with_seconds)
        e.second = field(0, 59, 8);
    e.minute = field(0, 59, 8);
    e.hour = field(0, 23, 6);
    e.date = field(1, 31, 3, true);
    e.month = field(1, 12, 2);
    e.weekday = field(0, 6, 3);
    e.text = (with_seconds ? e.second.text + " " : "") + e.minute.text + " " + e.hour.text + " " +
             e.date.text + " " + e.month.text + " " + e.weekday.text;
    e.every_hour = true;
    for (int h = 0; h < 24; ++h)
        e.every_hour = e.every_hour && e.hour.matches[h];
    return e;
}

// The local clock, in units of a minute or a second, at each tick.
struct Film {
    std::int64_t begin_s, unit_s;
    std::vector<std::int64_t> local;
    std::vector<std::int64_t> jumps; // instants in s
};

Film film(std::int64_t begin_s, std::int64_t end_s, std::int64_t unit_s,
          const std::function<std::int64_t(std::int64_t)> &offset) {
    Film result{begin_s, unit_s, {}, {}};
    for (std::int64_t at = begin_s; at < end_s; at += unit_s) {
        result.local.push_back((at + offset(at)) / unit_s);
        const std::size_t n = result.local.size();
        if (n > 1 && result.local[n - 1] != result.local[n - 2] + 1)
            result.jumps.push_back(at);
    }
    return result;
}

// All instants, in s, at which the expression has to fire, but the first tick.
std::vector<std::int64_t> all_fires(const Expression &e, const Film &film) {
    const std::int64_t units = 86400 / film.unit_s;
    const std::int64_t first_day = film.local.front() / units - 3;
    std::vector<char> days;
    for (std::int64_t d = first_day; d <= film.local.back() / units + 3; ++d)
        days.push_back(e.day_matches(d) ? 1 : 0);
    const char *const day_matches = days.data();
    const auto matches = [&](std::int64_t local) {
        const std::int64_t s = local % units * film.unit_s;
        return e.minute.matches[s / 60 % 60] && e.hour.matches[s / 3600] &&
               e.second.matches[s % 60] && day_matches[local / units - first_day] != 0;
    };
    std::vector<std::int64_t> found;
    std::int64_t reached = film.local.front();
    std::int64_t at = film.begin_s - film.unit_s;
    for (const std::int64_t now : film.local) {
        at += film.unit_s;
        if (e.every_hour && at > film.begin_s)
            reached = now - 1;
        bool fires = false;
        for (; reached < now; ++reached)
            fires = matches(reached + 1) || fires;
        if (fires)
            found.push_back(at);
    }
    return found;
}

// Chains of next times from some places, and last times, are those of the list.
void compare(const Expression &e, const TimeZone &zone, const Film &film, int places) {
    const auto cron = parse_cron(e.text);
    const auto expected = all_fires(e, film);
    const auto length = static_cast<int>(film.local.size());
    const std::int64_t end_s = film.begin_s + length * film.unit_s;
    std::vector<std::int64_t> starts{film.begin_s};
    for (const std::int64_t jump : film.jumps)
        for (const std::int64_t before : {-5400, -60, -1, 0, 3600, 86000})
            starts.push_back(std::max(film.begin_s, jump - before));
    for (int i = 0; i < places; ++i)
        starts.push_back(film.begin_s + below(length) * film.unit_s);
    for (const std::int64_t start : starts) {
        auto it = std::upper_bound(expected.begin(), expected.end(), start);
        std::int64_t at = start * second;
        for (int i = 0; i < 60 && it != expected.end(); ++i, ++it) {
            const auto next = next_after(cron, zone, at);
            if (next != *it * second)
                FAIL(e.text << " after " << at / second << ": not " << *it << " but "
                            << next.value_or(0) / second);
            at = *next;
        }
        if (it == expected.end()) {
            const auto next = next_after(cron, zone, at);
            if (next && *next < end_s * second)
                FAIL(e.text << ": " << *next / second << " is too many");
        }
        const auto after = std::upper_bound(expected.begin(), expected.end(), start);
        const auto last = last_until(cron, zone, film.begin_s * second, start * second);
        if (last.value_or(0) != (after == expected.begin() ? 0 : *std::prev(after) * second))
            FAIL(e.text << " until " << start << ": last " << last.value_or(0) / second);
    }
}

bool accepted(const Expression &e) {
    try {
        parse_cron(e.text);
    } catch (const pgcrew::Error &) {
        return false;
    }
    return true;
}

void compare_many(const TimeZone &zone, const Film &film, int expressions, bool with_seconds) {
    int compared = 0;
    for (int tries = 0; compared < expressions; ++tries) {
        REQUIRE(tries < 2 * expressions + 20); // a day that no month has is rare
        const Expression e = random_expression(with_seconds);
        if (!accepted(e))
            continue;
        compare(e, zone, film, 10);
        ++compared;
    }
}

} // namespace

TEST_CASE("zones made of rules: as a clock that ticks each minute", "[cron][fire_time]") {
    engine().seed(7);
    const std::pair<const char *, TableZone> zones[] = {
        {"New York", new_york()},      {"Lord Howe", lord_howe()},       {"Apia", apia()},
        {"midnight", midnight_zone()}, {"Kathmandu", fixed_zone(20700)}, {"mad", mad_zone()}};
    for (const auto &[name, zone] : zones) {
        INFO(name);
        const Film minutes =
            film(seconds_at("2011-01-01 00:00"), seconds_at("2012-05-01 00:00"), 60,
                 [&zone = zone](std::int64_t at) { return zone.at(at).offset_s; });
        CHECK((minutes.jumps.size() >= 3) == (std::string(name) != "Kathmandu"));
        compare_many(zone, minutes, 20, false);
    }
}

TEST_CASE("zones made of rules: as a clock that ticks each second", "[cron][fire_time]") {
    engine().seed(8);
    const std::pair<std::int64_t, TableZone> jumps[] = {
        {seconds_at("2026-03-08 07:00"), new_york()},
        {seconds_at("2026-11-01 06:00"), new_york()},
        {seconds_at("2026-04-04 15:00"), lord_howe()},
        {seconds_at("2011-12-30 10:00"), apia()}};
    for (const auto &[jump, zone] : jumps) {
        const Film seconds = film(jump - 86400, jump + 2 * day_s, 1,
                                  [&zone = zone](std::int64_t at) { return zone.at(at).offset_s; });
        REQUIRE(seconds.jumps == std::vector<std::int64_t>{jump});
        compare_many(zone, seconds, 25, true);
    }
}

TEST_CASE("zones of the C library: as its clock", "[cron][fire_time]") {
    engine().seed(9);
    const struct {
        const char *name, *begin, *end;
    } spans[] = {{"America/New_York", "2024-01-01 00:00", "2025-01-01 00:00"},
                 {"Europe/Berlin", "2024-01-01 00:00", "2025-01-01 00:00"},
                 {"Australia/Lord_Howe", "2024-01-01 00:00", "2025-01-01 00:00"},
                 {"Pacific/Apia", "2011-07-01 00:00", "2012-07-01 00:00"},
                 {"Asia/Kathmandu", "2024-01-01 00:00", "2025-01-01 00:00"},
                 {"America/Havana", "2024-01-01 00:00", "2025-01-01 00:00"},
                 {"America/Sao_Paulo", "2016-01-01 00:00", "2017-01-01 00:00"},
                 {"Africa/Casablanca", "2019-01-01 00:00", "2020-01-01 00:00"},
                 {"Antarctica/Troll", "2024-01-01 00:00", "2025-01-01 00:00"},
                 {"Asia/Pyongyang", "2015-01-01 00:00", "2016-01-01 00:00"},
                 {"Pacific/Chatham", "2024-01-01 00:00", "2025-01-01 00:00"}};
    int known = 0;
    for (const auto &span : spans) {
        INFO(span.name);
        const LibraryZone library(span.name);
        if (!library.known())
            continue;
        ++known;
        const std::int64_t begin = seconds_at(span.begin);
        const std::int64_t end = seconds_at(span.end);
        const TableZone zone = LibraryZone::table(begin - 10 * day_s, end + 800 * day_s);
        compare_many(zone, film(begin, end, 60, library_offset), 8, false);
    }
    if (known == 0)
        WARN("no time zones here; not tested");
}
