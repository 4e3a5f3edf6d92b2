// Programs that LISTEN are told of work, as Duroxide's runtime with long polls expects it: on
// <schema>_orch_work and <schema>_worker_work, with the time when it is due in milliseconds since
// 1970. By the dispatcher, once for all that came in a moment: a NOTIFY of each writer's own would
// make their commits wait for each other. What is due later is told when it is committed, and again
// when it is due; so is an item whose lease ran out.
#pragma once
#include "pgcrew/boundary.hpp"

extern "C" {
#include <utils/timestamp.h>
}

namespace pgcrew::bgjob::duroxide {

// After a commit, of work that is due then, or leased until then. DT_NOEND: of none.
void announce(Oid schema, bool of_workers, TimestampTz due, TimestampTz leased_until);

// For the dispatcher: announces what is to be announced. Returns when there will be more.
TimestampTz watch_announcements(Oid database);

} // namespace pgcrew::bgjob::duroxide
