// Durable jobs whose role was dropped: nobody can run them, nor undo what they did.
#pragma once
#include "pg/job.hpp"

namespace pgcrew::bgjob {

// Ends the job as failed, if its role is really gone.
void fail_orphaned_job(JobId id);

} // namespace pgcrew::bgjob
