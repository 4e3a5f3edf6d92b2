// Whether a worker can be a role.
#pragma once
#include "pgcrew/postgres.hpp"

namespace pgcrew::bgjob {

// 28000 if the role has no LOGIN where that is needed. A worker logs in as the role of its jobs,
// and before PostgreSQL 17 there is no way round LOGIN.
void check_may_log_in(Oid role);

} // namespace pgcrew::bgjob
