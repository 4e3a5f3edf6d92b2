// The dispatcher's part of schedules: at each planned time a job is added to the table of jobs.
#pragma once
#include "pgcrew/postgres.hpp"

extern "C" {
#include <datatype/timestamp.h>
}

namespace pgcrew::bgjob {

struct ScheduleLook {
    bool any;            // there are schedules that are not paused
    TimestampTz next_at; // when to look again
    TimestampTz due_at;  // when one is due, DT_NOEND for never
};

// Starts what is due; costs nothing before the time to look again, unless `changed`: the dispatcher
// was told of schedules.
ScheduleLook fire_schedules(bool changed);

} // namespace pgcrew::bgjob
