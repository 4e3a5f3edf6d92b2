#include "catch.hpp"
#include "core/cron.hpp"
#include "pgcrew/error.hpp"
#include "time_zones.hpp"

#include <random>
#include <set>
#include <string>

using namespace pgcrew;
using namespace pgcrew::bgjob;

namespace {

std::set<int> values(std::uint64_t set) {
    std::set<int> found;
    for (int n = 0; n < 64; ++n)
        if ((set >> n & 1) != 0)
            found.insert(n);
    return found;
}

using Values = std::set<int>;

Values minutes(const std::string &field) { return values(parse_cron(field + " * * * *").minutes); }
Values hours(const std::string &field) { return values(parse_cron("0 " + field + " * * *").hours); }
Values dates(const std::string &field) {
    return values(parse_cron("0 0 " + field + " * *").days_of_month);
}
Values months(const std::string &field) {
    return values(parse_cron("0 0 1 " + field + " *").months);
}
Values weekdays(const std::string &field) {
    return values(parse_cron("0 0 * * " + field).days_of_week);
}

struct Complaint {
    std::string message, detail;
    bool operator==(const Complaint &) const = default;
};

std::ostream &operator<<(std::ostream &out, const Complaint &complaint) {
    return out << complaint.message << " / " << complaint.detail;
}

Complaint complaint(const std::string &text) {
    try {
        parse_cron(text);
    } catch (const Error &e) {
        CHECK(e.state() == sqlstate::invalid_parameter_value);
        return {e.what(), e.detail()};
    }
    return {"none", ""};
}

Complaint expected(const std::string &problem, int character, const std::string &part) {
    return {"bad cron expression: " + problem,
            "At character " + std::to_string(character) + ", in the " + part + "."};
}

} // namespace

TEST_CASE("values, lists, ranges and steps", "[cron]") {
    CHECK(minutes("7") == Values{7});
    CHECK(minutes("07") == Values{7});
    CHECK(minutes("1,3,59,3") == Values{1, 3, 59});
    CHECK(minutes("10-13") == Values{10, 11, 12, 13});
    CHECK(minutes("5-5") == Values{5});
    CHECK(minutes("*/15") == Values{0, 15, 30, 45});
    CHECK(minutes("10-50/10") == Values{10, 20, 30, 40, 50});
    CHECK(minutes("10-49/10") == Values{10, 20, 30, 40});
    CHECK(minutes("3/10") == Values{3, 13, 23, 33, 43, 53});
    CHECK(minutes("*/60") == Values{0});
    CHECK(minutes("1,20-22,50/5") == Values{1, 20, 21, 22, 50, 55});
    CHECK(minutes("*").size() == 60);
    CHECK(hours("*").size() == 24);
    CHECK(dates("*").size() == 31);
    CHECK(months("*").size() == 12);
    CHECK(weekdays("*").size() == 7);
}

TEST_CASE("ranges wrap", "[cron]") {
    CHECK(hours("22-2") == Values{22, 23, 0, 1, 2});
    CHECK(hours("22-3/2") == Values{22, 0, 2});
    CHECK(minutes("58-1") == Values{58, 59, 0, 1});
    CHECK(dates("30-2") == Values{30, 31, 1, 2});
    CHECK(months("nov-feb") == Values{11, 12, 1, 2});
    CHECK(weekdays("fri-mon") == Values{5, 6, 0, 1});
    CHECK(weekdays("fri-mon/2") == Values{5, 0});
}

TEST_CASE("Sunday is 0 and 7", "[cron]") {
    CHECK(weekdays("0") == Values{0});
    CHECK(weekdays("7") == Values{0});
    CHECK(weekdays("7-7") == Values{0});
    CHECK(weekdays("5-7") == Values{5, 6, 0});
    CHECK(weekdays("fri-sun") == Values{5, 6, 0});
    CHECK(weekdays("7-2") == Values{0, 1, 2});
    CHECK(weekdays("7-2/2") == Values{0, 2});
    CHECK(weekdays("7-0") == Values{0});
    CHECK(weekdays("0-7").size() == 7);
    CHECK(weekdays("7-6").size() == 7);
    CHECK(weekdays("*/2") == Values{0, 2, 4, 6});
    CHECK(weekdays("3/2") == Values{3, 5});
}

TEST_CASE("names of months and days in any case", "[cron]") {
    const std::string month_names[] = {"jan", "FEB", "Mar", "aPr", "may", "jun",
                                       "jul", "aug", "sep", "oct", "nov", "dec"};
    for (int i = 0; i < 12; ++i)
        CHECK(months(month_names[i]) == Values{i + 1});
    const std::string day_names[] = {"sun", "MON", "Tue", "wEd", "thu", "fri", "sat"};
    for (int i = 0; i < 7; ++i)
        CHECK(weekdays(day_names[i]) == Values{i});
    CHECK(months("jan-6/2,DEC") == Values{1, 3, 5, 12});
}

TEST_CASE("five fields have the second 0, six have their own", "[cron]") {
    CHECK(values(parse_cron("* * * * *").seconds) == Values{0});
    const CronExpression six = parse_cron("*/20 1 2 3 4 5");
    CHECK(values(six.seconds) == Values{0, 20, 40});
    CHECK(values(six.minutes) == Values{1});
    CHECK(values(six.hours) == Values{2});
    CHECK(values(six.days_of_month) == Values{3});
    CHECK(values(six.months) == Values{4});
    CHECK(values(six.days_of_week) == Values{5});
    CHECK(parse_cron(" \t0  0\n1 * *\r\n") == parse_cron("0 0 1 * *"));
}

TEST_CASE("L is the last day of the month", "[cron]") {
    CHECK(parse_cron("0 0 L * *").last_day);
    CHECK(dates("L").empty());
    CHECK(parse_cron("0 0 15,l * *").last_day);
    CHECK(dates("15,L") == Values{15});
    CHECK_FALSE(parse_cron("0 0 15 * *").last_day);
}

TEST_CASE("either day field is enough when neither has a star", "[cron]") {
    CHECK(parse_cron("0 0 13 * fri").either_day);
    CHECK(parse_cron("0 0 L * fri").either_day);
    CHECK_FALSE(parse_cron("0 0 * * fri").either_day);
    CHECK_FALSE(parse_cron("0 0 13 * *").either_day);
    CHECK_FALSE(parse_cron("0 0 */2 * fri").either_day);
    CHECK_FALSE(parse_cron("0 0 13 * */2").either_day);
}

TEST_CASE("shortcuts stand for expressions", "[cron]") {
    CHECK(parse_cron("@yearly") == parse_cron("0 0 1 1 *"));
    CHECK(parse_cron("@annually") == parse_cron("0 0 1 1 *"));
    CHECK(parse_cron("@monthly") == parse_cron("0 0 1 * *"));
    CHECK(parse_cron("@weekly") == parse_cron("0 0 * * 0"));
    CHECK(parse_cron("@daily") == parse_cron("0 0 * * *"));
    CHECK(parse_cron("@midnight") == parse_cron("0 0 * * *"));
    CHECK(parse_cron(" @Hourly ") == parse_cron("0 * * * *"));
    CHECK(parse_cron("@every 90s").interval_s == 90);
    CHECK(parse_cron("@EVERY  1h30m ").interval_s == 5400);
    CHECK(parse_cron("@every 1d2h3m4s").interval_s == 93784);
    CHECK(parse_cron("@every 366d").interval_s == max_interval_s);
}

TEST_CASE("a complaint tells the problem, the character, the field and its range", "[cron]") {
    const std::string minute = "field minute (0 to 59)";
    const std::string hour = "field hour (0 to 23)";
    const std::string date = "field day of month (1 to 31 or L)";
    const std::string month = "field month (1 to 12 or jan to dec)";
    const std::string weekday = "field day of week (0 to 7 or sun to sat)";
    const struct {
        std::string text, problem;
        int character;
        std::string part;
    } table[] = {
        {"0 24 * * *", "24 is out of range", 3, hour},
        {"60 * * * *", "60 is out of range", 1, minute},
        {"60 * * * * *", "60 is out of range", 1, "field second (0 to 59)"},
        {"0 60 * * * *", "60 is out of range", 3, minute},
        {"0 0 0 * *", "0 is out of range", 5, date},
        {"0 0 32 * *", "32 is out of range", 5, date},
        {"0 0 1 0 *", "0 is out of range", 7, month},
        {"0 0 1 13 *", "13 is out of range", 7, month},
        {"0 0 * * 8", "8 is out of range", 9, weekday},
        {"0 10-99999999999999999999 * * *", "99999999999999999999 is out of range", 6, hour},
        {"1,2,x * * * *", "\"x\" is not known here", 5, minute},
        {"0 0 * foo *", "\"foo\" is not known here", 7, month},
        {"0 0 * unm *", "\"unm\" is not known here", 7, month},
        {"0 0 * * anf", "\"anf\" is not known here", 9, weekday},
        {"0 0 * * unm", "\"unm\" is not known here", 9, weekday},
        {"0 0 * * monday", "\"monday\" is not known here", 9, weekday},
        {"0 mon * * *", "\"mon\" is not known here", 3, hour},
        {"0 L * * *", "\"L\" is not known here", 3, hour},
        {"0 0 L-3 * *", "unexpected \"-\"", 6, date},
        {"0 0 * * 5L", "unexpected \"L\"", 10, weekday},
        {"0 0 ? * *", "unexpected \"?\"", 5, date},
        {"0 0 -1 * *", "unexpected \"-\"", 5, date},
        {"0 1-2-3 * * *", "unexpected \"-\"", 6, hour},
        {"0 *-3 * * *", "unexpected \"-\"", 4, hour},
        {"0 5- * * *", "a value is missing", 5, hour},
        {"0 5, * * *", "a value is missing", 5, hour},
        {"0 ,5 * * *", "unexpected \",\"", 3, hour},
        {"0 5/ * * *", "a value is missing", 5, hour},
        {"0 */0 * * *", "a step here is between 1 and 24, not 0", 5, hour},
        {"*/90 * * * *", "a step here is between 1 and 60, not 90", 3, minute},
        {"0 */x * * *", "unexpected \"x\"", 5, hour},
        {"\xc3\xa9 * * * *", "unexpected character", 1, minute},
        {"0 \x01 * * *", "unexpected character", 3, hour},
        {"", "a field is missing", 1, minute},
        {"  ", "a field is missing", 3, minute},
        {"0 0 1", "a field is missing", 6, month},
        {"0 0 1 1", "a field is missing", 8, weekday},
        {"0 0 0 1 1 1 2026 7", "more than 6 fields", 13, weekday},
        {"0 0 30 2 *", "it never fires: no month named has the day", 5, date},
        {"0 0 31 2,4,jun,9,11 *", "it never fires: no month named has the day", 5, date},
        {"0  0 0 30 feb */2", "it never fires: no month named has the day", 8, date},
        {"@every 90", "a value is missing", 10, "interval (1s to 366d, as in 1h30m)"},
        {"@every", "a value is missing", 7, "interval (1s to 366d, as in 1h30m)"},
        {"@every 1w", "unexpected \"w\"", 9, "interval (1s to 366d, as in 1h30m)"},
        {"@every s", "a value is missing", 9, "interval (1s to 366d, as in 1h30m)"},
        {"@every 1m 5s", "unexpected \"5\"", 11, "interval (1s to 366d, as in 1h30m)"},
        {"@every 0h0s", "the interval is zero", 8, "interval (1s to 366d, as in 1h30m)"},
        {"@every 367d", "the interval is too long", 8, "interval (1s to 366d, as in 1h30m)"},
        {"@every 99999999999999999999d", "the interval is too long", 8,
         "interval (1s to 366d, as in 1h30m)"},
    };
    for (const auto &row : table) {
        INFO(row.text);
        CHECK(complaint(row.text) == expected(row.problem, row.character, row.part));
    }
    CHECK(complaint(" @reboot").message == "bad cron expression: \"@reboot\" is not known");
    CHECK(complaint(" @reboot").detail.find("At character 2, in the shortcut (@yearly") == 0);
    CHECK(complaint("@daily x").message == "bad cron expression: unexpected \"x\"");
}

TEST_CASE("days that some month has are accepted", "[cron]") {
    for (const char *text : {"0 0 29 2 *", "0 0 30 2 mon", "0 0 30 2,3 *", "0 0 31 1 *",
                             "0 0 30,L 2 *", "0 0 */31 2 sun"})
        CHECK_NOTHROW(parse_cron(text));
}

TEST_CASE("the length of an expression is limited", "[cron]") {
    const std::string longest = "0 0 * * *" + std::string(max_cron_length - 9, ' ');
    CHECK(parse_cron(longest) == parse_cron("0 0 * * *"));
    CHECK(complaint(longest + ' ') ==
          expected("it is too long", 257, "expression (at most 256 bytes)"));
}

TEST_CASE("whatever bytes come, it is a complaint or an expression that fires", "[cron]") {
    std::mt19937_64 random(20260228);
    const std::string alphabet = "0123456789****///--,,LlsunMON@every dhms    \t";
    const auto zone = cron_test::fixed_zone(0);
    int accepted = 0;
    for (int i = 0; i < 60000; ++i) {
        std::string text = i % 4 == 0 ? "@every " : "";
        for (auto left = random() % (i % 2 == 0 ? 40 : 12); left > 0; --left)
            text += i % 3 == 0 ? static_cast<char>(random()) : alphabet[random() % alphabet.size()];
        if (i % 3 == 2) // most of these are read to the end
            text = text.substr(0, 3) + " * 1-5 * *";
        try {
            const CronExpression cron = parse_cron(text);
            ++accepted;
            if (!next_after(cron, zone, 0))
                FAIL("never fires: " << text);
        } catch (const Error &e) {
            if (e.state() != sqlstate::invalid_parameter_value ||
                e.detail().find("At character ") != 0)
                FAIL(text << ": " << e.what() << " / " << e.detail());
        }
    }
    CHECK(accepted > 1000);
    CHECK(accepted < 30000);
}
