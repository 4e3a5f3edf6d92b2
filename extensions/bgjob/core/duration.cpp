#include "core/duration.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace pgcrew::bgjob {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t us;
};

// The first of each length is how we write it.
constexpr std::array<Unit, 31> units{{
    {"d", day},
    {"day", day},
    {"days", day},
    {"h", hour},
    {"hr", hour},
    {"hrs", hour},
    {"hour", hour},
    {"hours", hour},
    {"min", minute},
    {"mins", minute},
    {"m", minute},
    {"minute", minute},
    {"minutes", minute},
    {"s", second},
    {"sec", second},
    {"secs", second},
    {"second", second},
    {"seconds", second},
    {"ms", millisecond},
    {"msec", millisecond},
    {"msecs", millisecond},
    {"millisecond", millisecond},
    {"milliseconds", millisecond},
    {"us", 1},
    {"usec", 1},
    {"usecs", 1},
    {"microsecond", 1},
    {"microseconds", 1},
    {"w", 7 * day},
    {"week", 7 * day},
    {"weeks", 7 * day},
}};

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

class Reader {
  public:
    explicit Reader(std::string_view text) : rest_(text) { skip_spaces(); }

    bool at_end() const { return rest_.empty(); }
    char next() const { return rest_.empty() ? '\0' : rest_.front(); }
    void drop() { rest_.remove_prefix(1); }

    void skip_spaces() {
        while (next() == ' ')
            drop();
    }

    // Digits with at most one point among them.
    std::optional<double> number() {
        std::size_t length = 0;
        while (length < rest_.size() && (is_digit(rest_[length]) || rest_[length] == '.'))
            ++length;
        double value = 0;
        const char *end = rest_.data() + length;
        const auto read = std::from_chars(rest_.data(), end, value, std::chars_format::fixed);
        if (length == 0 || read.ec != std::errc() || read.ptr != end)
            return std::nullopt;
        rest_.remove_prefix(length);
        return value;
    }

    std::string word() {
        std::string found;
        for (; is_letter(next()); drop())
            found.push_back(static_cast<char>(next() | 0x20));
        return found;
    }

  private:
    std::string_view rest_;
};

std::optional<std::int64_t> unit_length(const std::string &word) {
    for (const Unit &unit : units)
        if (unit.name == word)
            return unit.us;
    return std::nullopt;
}

// What follows the hours of 03:04 or 03:04:05.5, in microseconds.
std::optional<double> rest_of_clock_time(Reader &reader) {
    double us = 0;
    for (const std::int64_t unit : {minute, second}) {
        if (reader.next() != ':')
            return us;
        reader.drop();
        const auto part = reader.number();
        if (!part || *part >= 60)
            return std::nullopt;
        us += *part * static_cast<double>(unit);
    }
    return us;
}

std::string with_digits(double value, const char *unit) {
    std::array<char, 32> text{};
    const int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    std::snprintf(text.data(), text.size(), "%.*f", digits, value);
    std::string out = text.data();
    if (digits > 0) {
        out.erase(out.find_last_not_of('0') + 1);
        if (out.back() == '.')
            out.pop_back();
    }
    return out + " " + unit;
}

} // namespace

std::optional<std::int64_t> parse_duration(std::string_view text) {
    Reader reader(text);
    if (reader.at_end())
        return std::nullopt;
    double us = 0;
    while (!reader.at_end()) {
        const auto amount = reader.number();
        if (!amount)
            return std::nullopt;
        if (reader.next() == ':') {
            const auto rest = rest_of_clock_time(reader);
            if (!rest)
                return std::nullopt;
            us += *amount * static_cast<double>(hour) + *rest;
        } else {
            reader.skip_spaces();
            const auto unit = unit_length(reader.word());
            if (!unit)
                return std::nullopt;
            us += *amount * static_cast<double>(*unit);
        }
        reader.skip_spaces();
    }
    if (us > static_cast<double>(longest_duration))
        return std::nullopt;
    return std::llround(us);
}

std::string write_duration(std::int64_t us) {
    std::string out;
    for (const Unit &unit : units) {
        if (unit.us > us)
            continue;
        out += (out.empty() ? "" : " ") + std::to_string(us / unit.us) + " ";
        out += unit.name;
        us %= unit.us;
    }
    return out.empty() ? "0 s" : out;
}

std::string short_duration(std::int64_t us) {
    const auto value = static_cast<double>(us);
    if (us < second && value / millisecond < 999.5)
        return with_digits(value / millisecond, "ms");
    if (value / second < 59.95)
        return with_digits(value / second, "s");
    const auto two = [](std::int64_t whole, const char *unit, std::int64_t part,
                        const char *part_unit) {
        std::string out = std::to_string(whole) + " " + unit;
        return part == 0 ? out : out + " " + std::to_string(part) + " " + part_unit;
    };
    const std::int64_t s = (us + second / 2) / second;
    if (s < 3600)
        return two(s / 60, "min", s % 60, "s");
    const std::int64_t m = (us + minute / 2) / minute;
    if (m < day / minute)
        return two(m / 60, "h", m % 60, "min");
    const std::int64_t h = (us + hour / 2) / hour;
    return two(h / 24, "d", h % 24, "h");
}

} // namespace pgcrew::bgjob
