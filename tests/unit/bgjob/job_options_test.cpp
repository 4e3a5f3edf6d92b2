#include "core/duration.hpp"
#include "core/job_options.hpp"
#include "error_of.hpp"

using namespace pgcrew;
using namespace pgcrew::bgjob;

namespace {

Error refusal(const char *json) {
    return error_of([&] { (void)parse_job_options(json); });
}

} // namespace

TEST_CASE("no options are the defaults", "[job_options]") {
    for (const char *json : {"", "{}", R"({"retry": null, "timeout": null})"}) {
        INFO(json);
        const JobOptions options = parse_job_options(json);
        CHECK(options.timeout_us == 0);
        CHECK(options.retry.attempts == limits::attempts);
        CHECK_FALSE(options.retry.any_failure);
        CHECK(options.retry.total == 0);
    }
}

TEST_CASE("a queue's retry policy is the default of its jobs", "[job_options]") {
    RetryPolicy defaults;
    defaults.attempts = 17;
    defaults.total = minute;
    CHECK(parse_job_options("", defaults).retry.attempts == 17);
    CHECK(parse_job_options("{}", defaults).retry.attempts == 17);
    const JobOptions options = parse_job_options(R"({"retry": {"total": "2 min"}})", defaults);
    CHECK(options.retry.attempts == 17);
    CHECK(options.retry.total == 2 * minute);
    CHECK(parse_job_options(R"({"retry": {}})", defaults).retry.total == minute);
}

TEST_CASE("the retry policy is read", "[job_options]") {
    const JobOptions options = parse_job_options(
        R"({"retry": {"attempts": 3, "on": "transient", "backoff": "fixed", "base": "5 ms"}})");
    CHECK(options.retry.attempts == 3);
    CHECK_FALSE(options.retry.any_failure);
    CHECK(options.retry.backoff.base == 5 * millisecond);
    CHECK(parse_job_options(R"({"retry": {"attempts": 3}})").retry.any_failure);
}

TEST_CASE("the time limit is read", "[job_options]") {
    CHECK(parse_job_options(R"({"timeout": "5 min"})").timeout_us == 5 * minute);
    CHECK(parse_job_options(R"({"timeout": 1.5})").timeout_us == 1500 * millisecond);
    CHECK(parse_job_options(R"({"timeout": "1 ms"})").timeout_us == millisecond);
}

TEST_CASE("other time limits are refused", "[job_options]") {
    for (const char *json :
         {R"({"timeout": 0})", R"({"timeout": "0"})", R"({"timeout": -1})", R"({"timeout": true})",
          R"({"timeout": "soon"})", R"({"timeout": "-5 min"})", R"({"timeout": 1e300})",
          R"({"timeout": []})", R"({"timeout": {}})", R"({"timeout": 0.0001})"}) {
        INFO(json);
        CHECK(refusal(json).state() == sqlstate::invalid_parameter_value);
    }
}

TEST_CASE("what is no object is refused", "[job_options]") {
    for (const char *json : {"null", "[]", "1", "\"text\"", "true"}) {
        INFO(json);
        CHECK(refusal(json).state() == sqlstate::invalid_parameter_value);
    }
    for (const char *json : {R"({"retry": 1})", R"({"retry": []})", R"({"retry": "often"})"}) {
        INFO(json);
        CHECK(refusal(json).state() == sqlstate::invalid_parameter_value);
    }
}

TEST_CASE("an unknown option is refused and told", "[job_options]") {
    const Error error = refusal(R"({"timeout": 1, "retires": {}})");
    CHECK(error.state() == sqlstate::invalid_parameter_value);
    CHECK(std::string(error.what()).find("retires") != std::string::npos);
    CHECK(error.hint().find("\"retry\"") != std::string::npos);
    CHECK(error.hint().find("\"timeout\"") != std::string::npos);
    CHECK(refusal(R"({"retry": {"tries": 1}})").state() == sqlstate::invalid_parameter_value);
    CHECK(refusal(R"({"Timeout": 1})").state() == sqlstate::invalid_parameter_value);
}

TEST_CASE("text that is no JSON is an error", "[job_options]") {
    for (const char *json : {"{", "{]", "timeout", "{\"retry\": }"}) {
        INFO(json);
        CHECK_FALSE(std::string(refusal(json).state().text()).empty());
    }
}
