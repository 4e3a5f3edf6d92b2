// Programs that wait for a task, and who wakes them (design: task_wait.cpp).
#pragma once
#include "pgcrew/postgres.hpp"

#include <string>

extern "C" {
#include <datatype/timestamp.h>
}

namespace pgcrew::bgjob {

// One may be fetched then. When the running transaction has committed, those that wait for a task
// of the queue look again, and the dispatcher knows when to tell those that listen.
void tell_of_task(const std::string &queue, TimestampTz due_at);

} // namespace pgcrew::bgjob
