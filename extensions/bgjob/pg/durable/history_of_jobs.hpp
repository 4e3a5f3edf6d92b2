// What is remembered of jobs that have ended: as their queue keeps it, the job and with it its
// steps, failures, children and key.
#pragma once
#include "pg/durable/job_end.hpp"

namespace pgcrew::bgjob {

// In the transaction that ends the job.
void remember_job(const DurableJob &job, const JobOutcome &outcome);

} // namespace pgcrew::bgjob
