// New durable jobs.
#pragma once
#include "pg/durable/queue_cache.hpp"

namespace pgcrew::bgjob {

// Gives a job its id and what the session and the moment say: role, search_path, times, state.
void fill_in(DurableJob &job);

// Checks the job, fills it in and adds it to the table; the dispatcher is told at commit. Its id.
int64 add_job(DurableJob job);

// The priority that is given, or that of the queue.
int16 priority_of(const std::optional<std::int32_t> &given, const Queue &queue);

} // namespace pgcrew::bgjob
