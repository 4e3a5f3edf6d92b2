// Undoing the steps of a workflow that failed or is cancelled.
#pragma once
#include "pg/durable/flow.hpp"

namespace pgcrew::bgjob {

// Takes up a wish to cancel: the job ends, or its steps are undone first (Again).
Next begin_cancel(Flow &flow, const std::string &reason);

// Undoes the latest step that is left, a step of its own with retries; when none is left the job
// ends. One that cannot be undone makes the job need attention.
Next undo_next(Flow &flow);

} // namespace pgcrew::bgjob
