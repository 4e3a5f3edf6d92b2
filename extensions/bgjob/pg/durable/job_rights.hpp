// Who may do what with which durable job: members of the role it runs as.
#pragma once
#include "pg/durable/job_table.hpp"

namespace pgcrew::bgjob {

// The job, which has not ended. 42704 if there never was one of that id, or none that the current
// user may know of; 55000 if it has ended.
DurableJob require_job(int64 id);

// The same, but empty for one that has ended: 42704 only if there never was one, or none that the
// current user may know of.
std::optional<DurableJob> find_live_job(int64 id);

bool may_use_jobs_of(Oid role);

} // namespace pgcrew::bgjob
