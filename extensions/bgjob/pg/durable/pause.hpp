// Jobs that rest because a user said so. A workflow that is being run when it is paused goes on to
// where it would suspend, and rests there.
#pragma once
#include "pg/durable/job_table.hpp"

namespace pgcrew::bgjob {

// In a transaction, for a job in these states. They raise what its state forbids, and 55006 if the
// job is being run and can only run to its end.
void pause_job(const DurableJob &job);
void resume_job(const DurableJob &job);

// The job ends or goes on in another way.
void forget_pause(int64 job);

// How a job that leaves its worker rests: as it wants to, unless a user wanted something else
// meanwhile.
struct Rest {
    DurableState state;
    TimestampTz due_at;
};
Rest rest_of(const DurableJob &job, DurableState state, TimestampTz due_at);

} // namespace pgcrew::bgjob
