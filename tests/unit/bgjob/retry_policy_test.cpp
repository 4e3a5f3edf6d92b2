#include "core/duration.hpp"
#include "core/retry_policy.hpp"
#include "error_of.hpp"
#include "pgcrew/json.hpp"

#include <limits>
#include <random>
#include <vector>

using namespace pgcrew;
using namespace pgcrew::bgjob;

namespace {

constexpr SqlState serialization_failure{"40001"};
constexpr SqlState unique_violation{"23505"};
constexpr std::uint32_t middle = std::numeric_limits<std::uint32_t>::max() / 2 + 1;

SqlState named(const std::string &code) {
    char text[6]{};
    code.copy(text, 5);
    return SqlState(text);
}

RetryPolicy policy(const char *json) { return parse_retry_policy(parse_json(json)); }

Error refusal(const char *json) {
    return error_of([&] { (void)policy(json); });
}

// The waits after each attempt until there is no other.
std::vector<std::int64_t> waits(const RetryPolicy &p, SqlState state, std::uint32_t random) {
    std::vector<std::int64_t> all;
    std::int64_t now = 1000 * second;
    const std::int64_t first = now;
    for (int attempt = 1; attempt <= 2000; ++attempt) {
        const auto next = next_attempt(p, {state, attempt, first, now}, random);
        if (!next)
            break;
        all.push_back(*next - now);
        now = *next;
    }
    return all;
}

} // namespace

TEST_CASE("what passes by itself is transient", "[retry_policy]") {
    for (const std::string code :
         {"08000", "08006", "08P01", "40001", "40P01", "40003", "53000", "53100", "53200", "53300",
          "53400", "55P03", "57000", "57P01", "57P02", "57P03"}) {
        INFO(code);
        CHECK(transient(named(code)));
    }
}

TEST_CASE("what needs somebody to act is final", "[retry_policy]") {
    for (const std::string code :
         {"57014", "57P04", "22012", "23505", "23503", "25006", "28000", "3D000", "42601", "42P01",
          "42501", "54000", "55000", "55006", "P0001", "XX000", "0A000", "00000", "F0000"}) {
        INFO(code);
        CHECK_FALSE(transient(named(code)));
    }
}

TEST_CASE("without a policy transient failures get five attempts", "[retry_policy]") {
    const auto all = waits({}, serialization_failure, middle);
    REQUIRE(all.size() == 4);
    CHECK(all == std::vector<std::int64_t>{second, 2 * second, 4 * second, 8 * second});
    CHECK(waits({}, unique_violation, middle).empty());
    CHECK(waits({}, sqlstate::query_canceled, middle).empty());
}

TEST_CASE("who says how many attempts means all failures", "[retry_policy]") {
    CHECK(waits(policy(R"({"attempts": 3})"), unique_violation, 0).size() == 2);
    CHECK(waits(policy(R"({"attempts": 3, "on": "transient"})"), unique_violation, 0).empty());
    CHECK(waits(policy(R"({"on": "any"})"), unique_violation, 0).size() == 4);
    CHECK(waits(policy(R"({"attempts": 1})"), serialization_failure, 0).empty());
    CHECK(waits(policy(R"({"attempts": 1000})"), unique_violation, 0).size() == 999);
}

TEST_CASE("each kind of back-off", "[retry_policy]") {
    const auto series = [](const char *json) {
        return waits(policy(json), serialization_failure, 0);
    };
    using Waits = std::vector<std::int64_t>;
    CHECK(series(R"({"backoff": "none"})") == Waits{0, 0, 0, 0});
    CHECK(series(R"({"backoff": "fixed", "base": "3 s", "jitter": "none"})") ==
          Waits{3 * second, 3 * second, 3 * second, 3 * second});
    CHECK(series(R"({"backoff": "linear", "base": 3, "jitter": "none"})") ==
          Waits{3 * second, 6 * second, 9 * second, 12 * second});
    CHECK(series(R"({"base": "3 s", "cap": "10 s", "jitter": "none"})") ==
          Waits{3 * second, 6 * second, 10 * second, 10 * second});
    // A base above the usual cap is its own cap.
    CHECK(series(R"({"base": "1 h", "jitter": "none"})") == Waits{hour, hour, hour, hour});
}

TEST_CASE("chance spreads the waits by a quarter or over the whole", "[retry_policy]") {
    std::mt19937 random(1);
    const RetryPolicy quarter = policy(R"({"base": "4 s", "attempts": 9})");
    const RetryPolicy full = policy(R"({"base": "4 s", "jitter": "full", "attempts": 9})");
    std::int64_t least = hour;
    std::int64_t most = 0;
    for (int i = 0; i < 1000; ++i) {
        const auto chance = static_cast<std::uint32_t>(random());
        const auto a = *next_attempt(quarter, {unique_violation, 1, 0, 0}, chance);
        CHECK((a >= 3 * second && a <= 5 * second));
        const auto b = *next_attempt(full, {unique_violation, 1, 0, 0}, chance);
        CHECK((b >= 0 && b <= 4 * second));
        least = std::min(least, b);
        most = std::max(most, b);
    }
    CHECK(least < second / 4);
    CHECK(most > 15 * second / 4);
}

TEST_CASE("the total ends the attempts whatever is left of them", "[retry_policy]") {
    const RetryPolicy p = policy(
        R"({"attempts": 100, "backoff": "fixed", "base": "10 s", "jitter": "none", "total": "35 s"})");
    CHECK(waits(p, unique_violation, 0).size() == 3);
    CHECK(next_attempt(p, {unique_violation, 1, 0, 25 * second}, 0) == 35 * second);
    CHECK_FALSE(next_attempt(p, {unique_violation, 1, 0, 25 * second + 1}, 0).has_value());
}

TEST_CASE("defaults hold where a policy says nothing", "[retry_policy]") {
    const RetryPolicy defaults = policy(R"({"attempts": 9, "base": "2 s", "total": "1 h"})");
    const RetryPolicy p =
        parse_retry_policy(parse_json(R"({"cap": "5 s", "base": null})"), defaults);
    CHECK(p.attempts == 9);
    CHECK(p.any_failure);
    CHECK(p.backoff.base == 2 * second);
    CHECK(p.backoff.cap == 5 * second);
    CHECK(p.total == hour);
    // The back-off of a default policy without one comes back with its kind.
    const RetryPolicy none = policy(R"({"backoff": "none"})");
    CHECK(waits(parse_retry_policy(parse_json(R"({"base": "1 s"})"), none), serialization_failure,
                middle)
              .front() == second);
}

TEST_CASE("a wrong policy is told what is wrong with it", "[retry_policy]") {
    struct Told {
        const char *json, *message, *detail;
    };
    const std::vector<Told> all{
        {"[]", "retry policy must be a JSON object", "It is of type array."},
        {R"({"tries": 3})", "retry policy has no option \"tries\"", ""},
        {R"({"attempts": 0})", "invalid value of option \"attempts\"",
         "It is a whole number from 1 to 1000."},
        {R"({"attempts": 1001})", "invalid value of option \"attempts\"",
         "It is a whole number from 1 to 1000."},
        {R"({"attempts": 2.5})", "invalid value of option \"attempts\"",
         "It is a whole number from 1 to 1000."},
        {R"({"attempts": "3"})", "invalid value of option \"attempts\"",
         "It is a whole number from 1 to 1000."},
        {R"({"attempts": 18446744073709551615})", "invalid value of option \"attempts\"",
         "It is a whole number from 1 to 1000."},
        {R"({"on": "all"})", "invalid value of option \"on\"", R"(It is "transient" or "any".)"},
        {R"({"backoff": true})", "invalid value of option \"backoff\"",
         R"(It is "fixed", "linear", "exponential" or "none".)"},
        {R"({"base": "soon"})", "invalid value of option \"base\"",
         "It is a length of time from 1 ms to 30 d, such as \"5 min\" or a number of seconds."},
        {R"({"base": "31 d"})", "invalid value of option \"base\"",
         "It is a length of time from 1 ms to 30 d, such as \"5 min\" or a number of seconds."},
        {R"({"cap": -1})", "invalid value of option \"cap\"",
         "It is a length of time from 1 ms to 30 d, such as \"5 min\" or a number of seconds."},
        {R"({"cap": 1e300})", "invalid value of option \"cap\"",
         "It is a length of time from 1 ms to 30 d, such as \"5 min\" or a number of seconds."},
        {R"({"jitter": "half"})", "invalid value of option \"jitter\"",
         R"(It is "none", "quarter" or "full".)"},
        {R"({"base": "2 s", "cap": "1 s"})", "cap of a retry policy must not be less than its base",
         "The base is 2 s, the cap is 1 s."},
        {R"({"backoff": "none", "base": "2 s"})",
         "retry policy without back-off has neither base nor cap", ""},
    };
    for (const Told &told : all) {
        INFO(told.json);
        const Error e = refusal(told.json);
        CHECK(e.state() == sqlstate::invalid_parameter_value);
        CHECK(std::string(e.what()) == told.message);
        CHECK(e.detail() == told.detail);
    }
    CHECK(refusal(R"({"tries": 3})").hint() ==
          "Its options are \"attempts\", \"on\", \"backoff\", \"base\", \"cap\", \"jitter\", "
          "\"total\".");
}
