#include "core/job_options.hpp"

#include "core/duration.hpp"
#include "core/options.hpp"
#include "pgcrew/json.hpp"

namespace pgcrew::bgjob {

JobOptions parse_job_options(const std::string &json, const RetryPolicy &defaults) {
    JobOptions parsed{.retry = defaults};
    if (json.empty())
        return parsed;
    const Json object = parse_json(json);
    Options options(object, "options of a job");
    if (const Json *retry = options.member("retry"))
        parsed.retry = parse_retry_policy(*retry, defaults);
    parsed.timeout_us = options.duration("timeout", millisecond, longest_duration).value_or(0);
    options.finish();
    return parsed;
}

} // namespace pgcrew::bgjob
