// A job that rests because it went wrong is tried again, by hand.
#pragma once
#include "pg/durable/job_table.hpp"

namespace pgcrew::bgjob {

// In a transaction: the job, which is taken back from those that failed for good if it is one of
// them. 42704 as require_job().
DurableJob bring_back(int64 id);

// In a transaction. With a step's name a workflow forgets that step, the last one of that name, and
// all that came after: it does them again.
void retry_job(const DurableJob &job, const std::optional<std::string> &from_step);

} // namespace pgcrew::bgjob
