// Runs durable jobs in this worker.
#pragma once
#include "pg/job.hpp"

#include <vector>

namespace pgcrew::bgjob {

// The one job, if it is still to be run. A workflow leaves the settings of the session changed.
void run_durable(JobId id, bool workflow);

// Statements of a queue that asks for it, with one commit for them all.
void run_durable_group(const std::vector<JobId> &ids);

} // namespace pgcrew::bgjob
