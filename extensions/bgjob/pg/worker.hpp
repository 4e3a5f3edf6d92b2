// What a worker of the pool knows of itself (design: worker.cpp).
#pragma once
#include "pg/job.hpp"

namespace pgcrew::bgjob {

// The job whose SQL this process is running, 0 in any other process.
JobId running_job() noexcept;

} // namespace pgcrew::bgjob
