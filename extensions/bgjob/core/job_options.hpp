// What one job, step or task may say for itself: {"retry": {...}, "timeout": "5 min"}.
#pragma once
#include "core/retry_policy.hpp"

#include <string>

namespace pgcrew::bgjob {

struct JobOptions {
    RetryPolicy retry{};
    std::int64_t timeout_us = 0; // of one attempt; 0: no limit
};

// An empty text is no options. 22023 for anything that is not as above.
JobOptions parse_job_options(const std::string &json, const RetryPolicy &defaults = {});

} // namespace pgcrew::bgjob
