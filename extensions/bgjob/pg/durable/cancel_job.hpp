// The wish to end a durable job.
#pragma once
#include "pg/durable/job_table.hpp"

namespace pgcrew::bgjob {

// In a transaction: a job that nobody runs ends, or its steps are undone from now on. One that is
// run is interrupted when this has committed, and its worker does the same. Nothing if it has ended
// or undoes its steps already.
void ask_to_cancel(int64 job, const std::string &reason);

// The same for one of many children: a workflow ends itself, in its own transaction. Here each
// would need a lock until the commit, and there is no room for many thousands.
void cancel_child(int64 job, const std::string &reason);

// For its worker, in whose hands it was: the same, and since when it was run.
void cancel_interrupted(int64 job, TimestampTz began, const std::string &reason);

// For the dispatcher: tries again with those that could not be told. True if some are left.
bool settle_wishes(Oid database);

} // namespace pgcrew::bgjob
