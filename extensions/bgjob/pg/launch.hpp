// Putting a job into the registry.
#pragma once
#include "pg/job.hpp"

#include <optional>
#include <string>

namespace pgcrew::bgjob {

struct LaunchRequest {
    std::string sql;
    bool keeps_rows = true;
    int queue_size = 0; // bytes, 0: bgjob.queue_size
    std::optional<std::string> label;
    int64 timeout_ms = 0; // 0: bgjob.timeout
    bool nowait = false;
    bool allow_empty = false; // SQL without a statement is a job without rows, not an error
};

struct Handle {
    JobId id;
    int64 cookie;
};

// Queues the job, or hands it to an idle worker at once. Runs it as the current user.
Handle launch_job(const LaunchRequest &request);

// Identifies this session in Job::launcher_session; 0 if it never launched anything.
uint64 this_session() noexcept;

} // namespace pgcrew::bgjob
