// Whether a new durable job may be added: who asks, and what its queue allows.
#pragma once
#include "pg/durable/queue_cache.hpp"

namespace pgcrew::bgjob {

// 42501 for a superuser's job unless bgjob.allow_superuser_jobs; 28000 for a role that cannot log
// in where that is needed; 54000 for a payload and 53400 for a number of unfinished jobs that the
// queue does not allow. For as many jobs as are to be added.
void check_admission(const DurableJob &job, const QueueOptions &options, std::int64_t jobs = 1);

} // namespace pgcrew::bgjob
