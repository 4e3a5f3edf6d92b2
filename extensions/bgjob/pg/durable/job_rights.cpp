#include "pg/durable/job_rights.hpp"

#include "pg/durable/owners_sql.hpp"
#include "pgcrew/xact.hpp"

extern "C" {
#include <miscadmin.h>
#include <utils/acl.h>
}

namespace pgcrew::bgjob {

bool may_use_jobs_of(Oid role) {
    return call([&] { return has_privs_of_role(GetUserId(), role); });
}

DurableJob require_job(int64 id) {
    std::optional<DurableJob> job = JobTable().find(id);
    if (!job || !may_use_jobs_of(job->role))
        throw Error(sqlstate::undefined_object, "job " + std::to_string(id) + " does not exist",
                    "It has ended, or there was none.");
    return std::move(*job);
}

std::optional<DurableJob> find_live_job(int64 id) {
    JobTable jobs;
    std::optional<DurableJob> job = jobs.find(id);
    if (job && may_use_jobs_of(job->role))
        return job;
    bool given_out = false;
    if (!job && id > 0) {
        const ActiveSnapshot snapshot;
        given_out = OwnersSql()
                        .execute("SELECT is_called AND $1 <= last_value FROM bgjob.job_id", id)
                        .get<bool>(0, 0);
    }
    if (!given_out)
        throw Error(sqlstate::undefined_object, "job " + std::to_string(id) + " does not exist");
    return std::nullopt;
}

} // namespace pgcrew::bgjob
