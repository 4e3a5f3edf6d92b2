// Something has happened to a job that waits for it.
#pragma once
#include "pg/durable/job_table.hpp"

namespace pgcrew::bgjob {

// In a transaction: a job that waits is due now. False if its row is in somebody's hands, so that
// one has to ask again.
[[nodiscard]] bool wake_job(int64 job);

// In a transaction, for the worker of a job that waits: what it waits for has come meanwhile. If
// the row is in somebody's hands the dispatcher sees to it.
void wake_or_tell(int64 job);

// Jobs that may wait for something that has happened already: for a dispatcher that was told of it
// by nobody.
std::vector<int64> jobs_with_mail();

} // namespace pgcrew::bgjob
