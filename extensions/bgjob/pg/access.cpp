#include "pg/access.hpp"

extern "C" {
#include <utils/acl.h>
}

namespace pgcrew::bgjob {

void throw_unknown_job(JobId id) {
    throw Error(sqlstate::undefined_object, "job " + std::to_string(id) + " does not exist", {},
                "It may have been detached, or its results may have expired.");
}

bool of_an_earlier_life(JobId id) { return id > 0 && id < segment().first_id; }

bool may_use(Oid owner, Oid launcher) {
    return call([&] {
        return has_privs_of_role(GetUserId(), owner) || has_privs_of_role(GetUserId(), launcher);
    });
}

Job &require(Locked &locked, JobId id, int64 cookie) {
    Job *job = locked.find(id);
    if (job == nullptr) {
        if (of_an_earlier_life(id))
            throw Error(SqlState{"08006"}, "job " + std::to_string(id) + " was lost",
                        "The server has restarted since it was launched.");
        throw_unknown_job(id);
    }
    if (job->cookie != cookie)
        throw Error(sqlstate::object_not_in_prerequisite_state,
                    "cookie mismatch for job " + std::to_string(id), {},
                    "The handle is stale or belongs to another job.");
    return *job;
}

void check_access(JobId id, int64 cookie) {
    Oid owner, launcher;
    {
        Locked locked(LW_SHARED);
        const Job &job = require(locked, id, cookie);
        owner = job.owner;
        launcher = job.launcher;
    }
    // The catalogues are looked at without the lock.
    if (!may_use(owner, launcher))
        throw Error(sqlstate::insufficient_privilege,
                    "permission denied for job " + std::to_string(id));
}

} // namespace pgcrew::bgjob
