// Who may touch which job: the owner's rights (the role it runs as), or those of the role whose
// session launched it, which differ when a SECURITY DEFINER function launched.
#pragma once
#include "pg/registry.hpp"

namespace pgcrew::bgjob {

// Takes the lock itself. Throws 42704 when there is no such job, 08006 when the server restarted
// since it was launched, 55000 for a wrong cookie, 42501 without the right.
void check_access(JobId id, int64 cookie);

// Looks the job up again after check_access: 42704 when it was detached meanwhile.
Job &require(Locked &locked, JobId id, int64 cookie);

// Whether the id was given out before the server last started.
bool of_an_earlier_life(JobId id);

bool may_use(Oid owner, Oid launcher);

[[noreturn]] void throw_unknown_job(JobId id);

} // namespace pgcrew::bgjob
