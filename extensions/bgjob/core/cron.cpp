// Reads a cron expression by recursive descent, one character of look-ahead. All characters that
// mean something are ASCII and the first other one ends the parse, so places count in bytes.
#include "core/cron.hpp"

#include "pgcrew/error.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgcrew::bgjob {
namespace {

// What a part of the text may hold, for the reader and for the user.
struct Part {
    std::string_view name;
    std::string_view range;
    int low = 0;
    int values = 0;
    std::string_view words = {}; // names of the values, three letters each
};

constexpr Part second{"field second", "0 to 59", 0, 60};
constexpr Part minute{"field minute", "0 to 59", 0, 60};
constexpr Part hour{"field hour", "0 to 23", 0, 24};
constexpr Part day_of_month{"field day of month", "1 to 31 or L", 1, 31};
constexpr Part month{"field month", "1 to 12 or jan to dec", 1, 12,
                     "janfebmaraprmayjunjulaugsepoctnovdec"};
constexpr Part day_of_week{"field day of week", "0 to 7 or sun to sat", 0, 7,
                           "sunmontuewedthufrisat"};
constexpr std::array parts{&second, &minute, &hour, &day_of_month, &month, &day_of_week};
constexpr Part whole{"expression", "at most 256 bytes"};
constexpr Part interval{"interval", "1s to 366d, as in 1h30m"};
constexpr Part shortcut{
    "shortcut", "@yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly or @every"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> shortcuts{
    {{"@yearly", "0 0 1 1 *"},
     {"@annually", "0 0 1 1 *"},
     {"@monthly", "0 0 1 * *"},
     {"@weekly", "0 0 * * 0"},
     {"@daily", "0 0 * * *"},
     {"@midnight", "0 0 * * *"},
     {"@hourly", "0 * * * *"}}};

[[noreturn]] void fail(const Part &part, std::size_t at, std::string_view problem,
                       std::string hint = {}) {
    throw Error(sqlstate::invalid_parameter_value, "bad cron expression: " + std::string(problem),
                "At character " + std::to_string(at + 1) + ", in the " + std::string(part.name) +
                    " (" + std::string(part.range) + ").",
                std::move(hint));
}

// The server's and the C library's classifications depend on the locale.
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](char c) { return lower(c); });
    return result;
}

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

class Cursor {
  public:
    Cursor(std::string_view text, std::size_t at) : text_(text), at_(at) {}
    std::size_t at() const { return at_; }
    bool at_end() const { return at_ == text_.size() || is_space(text_[at_]); } // of the word
    bool take(char c) {
        const bool found = at_ < text_.size() && text_[at_] == c;
        at_ += found ? 1 : 0;
        return found;
    }
    template <class Belongs> std::string_view take_while(Belongs belongs) {
        const std::size_t begin = at_;
        while (at_ < text_.size() && belongs(text_[at_]))
            ++at_;
        return text_.substr(begin, at_ - begin);
    }
    [[noreturn]] void unexpected(const Part &part) const {
        if (at_end())
            fail(part, at_, "a value is missing");
        const char c = text_[at_];
        fail(part, at_,
             c > ' ' && c <= '~' ? "unexpected " + quoted({&c, 1}) : "unexpected character");
    }

  private:
    std::string_view text_;
    std::size_t at_;
};

int number(std::string_view digits) {
    int value = 0;
    for (const char c : digits)
        value = std::min(value * 10 + (c - '0'), 99'999'999);
    return value;
}

// One field of six: a list of ranges.
class FieldReader {
  public:
    FieldReader(const Part &part, std::string_view text, std::size_t at)
        : part_(part), cursor_(text, at) {}

    void read() {
        do
            read_item();
        while (cursor_.take(','));
        if (!cursor_.at_end())
            cursor_.unexpected(part_);
    }
    std::uint64_t set() const { return set_; }
    bool star() const { return star_; }
    bool last_day() const { return last_day_; }

  private:
    void read_item() {
        int from = part_.low;
        int to = part_.low + part_.values - 1;
        if (cursor_.take('*')) {
            star_ = true;
        } else if (&part_ == &day_of_month && (cursor_.take('L') || cursor_.take('l'))) {
            last_day_ = true;
            return;
        } else {
            from = read_value();
            if (cursor_.take('-'))
                to = read_value();
            else if (!peek_step())
                to = from;
        }
        add(from, to, cursor_.take('/') ? read_step() : 1);
    }

    bool peek_step() const { return Cursor(cursor_).take('/'); }

    int read_value() {
        const std::size_t begin = cursor_.at();
        if (const auto digits = cursor_.take_while(is_digit); !digits.empty()) {
            const int value = number(digits);
            const int sunday_again = &part_ == &day_of_week ? 1 : 0;
            if (value < part_.low || value >= part_.low + part_.values + sunday_again)
                fail(part_, begin, std::string(digits) + " is out of range");
            return value;
        }
        const auto word = cursor_.take_while(is_letter);
        if (word.empty())
            cursor_.unexpected(part_);
        const std::size_t found = word.size() == 3 ? part_.words.find(lower(word)) : 1;
        if (found == std::string_view::npos || found % 3 != 0)
            fail(part_, begin, quoted(word) + " is not known here");
        return part_.low + static_cast<int>(found / 3);
    }

    int read_step() {
        const std::size_t begin = cursor_.at();
        const auto digits = cursor_.take_while(is_digit);
        if (digits.empty())
            cursor_.unexpected(part_);
        const int step = number(digits);
        if (step < 1 || step > part_.values)
            fail(part_, begin,
                 "a step here is between 1 and " + std::to_string(part_.values) + ", not " +
                     std::string(digits));
        return step;
    }

    void add(int from, int to, int step) {
        if (from == part_.low + part_.values) { // Sunday as 7
            from -= part_.values;
            to -= to == from + part_.values ? part_.values : 0;
        }
        const int span = to >= from ? to - from : to - from + part_.values;
        for (int i = 0; i <= span; i += step)
            set_ |= std::uint64_t{1} << (part_.low + (from - part_.low + i) % part_.values);
    }

    const Part &part_;
    Cursor cursor_;
    std::uint64_t set_ = 0;
    bool star_ = false;
    bool last_day_ = false;
};

// Where the fields begin. Seven mean too many.
std::vector<std::size_t> split(std::string_view text) {
    std::vector<std::size_t> begins;
    for (std::size_t i = 0; i < text.size() && begins.size() < 7; ++i)
        if (!is_space(text[i]) && (i == 0 || is_space(text[i - 1])))
            begins.push_back(i);
    return begins;
}

// Every date comes on every day of the week some year, so only the date has to exist.
bool has_some_day(const CronExpression &cron) {
    constexpr std::array longest{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (cron.either_day || cron.last_day)
        return true;
    for (unsigned i = 0; i < longest.size(); ++i)
        if ((cron.months >> (i + 1) & 1) != 0 &&
            (cron.days_of_month & ((std::uint64_t{2} << longest[i]) - 1)) != 0)
            return true;
    return false;
}

CronExpression parse_fields(std::string_view text) {
    const auto begins = split(text);
    const std::string hint =
        "Write minute, hour, day of month, month and day of week; a sixth field, the second, may "
        "stand before them.";
    if (begins.size() < 5)
        fail(*parts[begins.size() + 1], text.size(), "a field is missing", hint);
    if (begins.size() > 6)
        fail(day_of_week, begins.back(), "more than 6 fields", hint);

    std::vector<FieldReader> fields;
    for (std::size_t i = 0; i < begins.size(); ++i)
        fields.emplace_back(*parts[i + parts.size() - begins.size()], text, begins[i]).read();
    const auto *const last = fields.data() + fields.size();
    CronExpression cron;
    if (fields.size() == parts.size())
        cron.seconds = fields[0].set();
    cron.minutes = last[-5].set();
    cron.hours = last[-4].set();
    cron.days_of_month = last[-3].set();
    cron.last_day = last[-3].last_day();
    cron.months = last[-2].set();
    cron.days_of_week = last[-1].set();
    cron.either_day = !last[-3].star() && !last[-1].star();
    // A restricted field alone decides: the other one is a `*` and holds all days.
    if (!has_some_day(cron))
        fail(day_of_month, begins[begins.size() - 3], "it never fires: no month named has the day");
    return cron;
}

CronExpression parse_interval(std::string_view text, std::size_t at) {
    constexpr std::array<std::pair<char, std::int64_t>, 4> units{
        {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}};
    Cursor cursor(text, at);
    cursor.take_while(is_space);
    const std::size_t begin = cursor.at();
    CronExpression cron;
    do {
        const auto digits = cursor.take_while(is_digit);
        const auto *const unit =
            std::find_if(units.begin(), units.end(),
                         [&cursor](const auto &candidate) { return cursor.take(candidate.first); });
        if (digits.empty() || unit == units.end())
            cursor.unexpected(interval);
        cron.interval_s += number(digits) * unit->second;
        if (cron.interval_s > max_interval_s)
            fail(interval, begin, "the interval is too long");
    } while (!cursor.at_end());
    if (cron.interval_s == 0)
        fail(interval, begin, "the interval is zero");
    cursor.take_while(is_space);
    if (cursor.at() != text.size())
        cursor.unexpected(interval);
    return cron;
}

CronExpression parse_shortcut(std::string_view text, std::size_t at) {
    Cursor cursor(text, at);
    const std::string word = lower(cursor.take_while([](char c) { return !is_space(c); }));
    if (word == "@every")
        return parse_interval(text, cursor.at());
    const auto *const found =
        std::find_if(shortcuts.begin(), shortcuts.end(),
                     [&word](const auto &known) { return known.first == word; });
    if (found == shortcuts.end())
        fail(shortcut, at, quoted(word) + " is not known");
    cursor.take_while(is_space);
    if (cursor.at() != text.size())
        cursor.unexpected(shortcut);
    return parse_fields(found->second);
}

} // namespace

CronExpression parse_cron(std::string_view text) {
    if (text.size() > max_cron_length)
        fail(whole, max_cron_length, "it is too long");
    const std::size_t begin = Cursor(text, 0).take_while(is_space).size();
    return begin < text.size() && text[begin] == '@' ? parse_shortcut(text, begin)
                                                     : parse_fields(text);
}

} // namespace pgcrew::bgjob
