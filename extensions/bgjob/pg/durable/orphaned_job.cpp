#include "pg/durable/orphaned_job.hpp"

#include "pg/durable/job_end.hpp"
#include "pg/durable/top_level.hpp"

extern "C" {
#include <utils/syscache.h>
}

namespace pgcrew::bgjob {

void fail_orphaned_job(JobId id) {
    bookkeeping([&] {
        JobTable jobs;
        const std::optional<DurableJob> job = jobs.find(id);
        if (!job ||
            call([&] { return SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(job->role)); }))
            return;
        if (jobs.remove(*job))
            end_job(*job, {DurableState::Failed, job->began_at, std::nullopt,
                           sqlstate::undefined_object.text(),
                           "role with OID " + std::to_string(job->role) + " does not exist"});
    });
}

} // namespace pgcrew::bgjob
