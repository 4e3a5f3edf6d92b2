// The runs of schedules: jobs that were started for one and have not ended, in
// bgjob.schedule_run.
#pragma once
#include "pg/durable/schedule_table.hpp"

namespace pgcrew::bgjob {

// A job as the schedule's role would enqueue it, due at `planned`; nothing: now. Its id.
int64 start_run(const StoredSchedule &schedule, std::optional<Timestamp> planned);

bool has_unfinished_run(int64 schedule);

// In the transaction that ends the job.
void end_run(int64 schedule, int64 job);

} // namespace pgcrew::bgjob
