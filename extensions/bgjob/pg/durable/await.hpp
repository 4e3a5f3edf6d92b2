// Waiting for the end of durable jobs.
#pragma once
#include "core/durable_state.hpp"
#include "pg/job.hpp"

namespace pgcrew::bgjob {

// In the transaction that ends the job: when it has committed, those who wait are told.
void tell_of_end(JobId job, DurableState how);

} // namespace pgcrew::bgjob
