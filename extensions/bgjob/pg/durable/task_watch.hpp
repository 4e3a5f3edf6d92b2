// What the dispatcher does for tasks (design: task_watch.cpp).
#pragma once
#include "pgcrew/postgres.hpp"

extern "C" {
#include <datatype/timestamp.h>
}

namespace pgcrew::bgjob {

// `changed`: the earliest of what has become due for programs since the last call, DT_NOEND if
// nothing. Cheap while nothing is due. When there is something to do again.
TimestampTz watch_tasks(TimestampTz changed);

} // namespace pgcrew::bgjob
