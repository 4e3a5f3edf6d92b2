#pragma once
#include "pg/compat_session.hpp"

namespace pgcrew::bgjob::pg_background {

// Launches what a call says: its SQL in argument 0, the queue size in 1, the label in `label`,
// which may be past the last one.
Attached &launch(const Args &args, int label, bool keeps_rows);

} // namespace pgcrew::bgjob::pg_background
