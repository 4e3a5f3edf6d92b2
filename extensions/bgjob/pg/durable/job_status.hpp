// A durable job as users may see it, whether it has ended or not.
#pragma once
#include "pg/durable/ended_jobs.hpp"

namespace pgcrew::bgjob {

// ended_at 0: it has not ended. An end that is told is safe on disk. 42704 if there never was one
// of that id, if it is not remembered, or if the current user may not know of it.
EndedJob look_at_job(int64 id);

// The same whoever asks, and not to be told as it is: nullopt if it is not known.
std::optional<EndedJob> find_job(int64 id);

// Its state in words for people, given since when a worker runs it, or 0.
DurableState shown(const EndedJob &known, TimestampTz running_since);

} // namespace pgcrew::bgjob
