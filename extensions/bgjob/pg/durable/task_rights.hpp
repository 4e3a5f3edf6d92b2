// Who may work on which task: members of the role whose workflow asks for it, and those that were
// granted its queue.
#pragma once
#include "pg/durable/task_table.hpp"

namespace pgcrew::bgjob {

// Whether all tasks of the queue are for the current user to fetch.
bool granted_task_queue(const std::string &queue);

bool may_work_on(const Task &task);

} // namespace pgcrew::bgjob
