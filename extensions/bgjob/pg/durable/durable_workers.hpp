// The workers of this database that have durable jobs in their hands, as shared memory says.
#pragma once
#include "pg/registry.hpp"

#include <vector>

namespace pgcrew::bgjob {

struct DurableWorker {
    int pid;
    Oid role;
    JobId job; // that it runs
    TimestampTz since;
    int32 in_hand; // tickets, with that of the job
};
std::vector<DurableWorker> durable_workers();

// Since when a worker runs the job; 0 if none does.
TimestampTz runs_since(JobId job);

} // namespace pgcrew::bgjob
