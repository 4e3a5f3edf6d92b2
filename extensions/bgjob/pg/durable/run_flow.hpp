// A worker's work on a workflow (design: run_flow.cpp and flow.hpp).
#pragma once
#include "pg/job.hpp"

namespace pgcrew::bgjob {

// Until it ends or has to wait. Nothing if it is not due or somebody else works on it.
void run_flow(JobId id);

} // namespace pgcrew::bgjob
