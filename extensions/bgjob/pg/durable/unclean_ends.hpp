// Jobs that take the server down with them.
#pragma once
#include "pg/durable/job_table.hpp"
#include "pg/registry.hpp"

namespace pgcrew::bgjob {

// For a dispatcher, before it gives anything to do: who was running when the server ended without a
// word is charged with it, and after some such ends only a user can bring the job on. One that ran
// beside the culprit is charged as well; that three times are needed is its protection.
void charge_unclean_ends(Oid database);

// A job whose worker died while it ran the job. False if it has to be asked again.
bool charge_death(const WorkerDeath &death);

// A user brings the job on.
void forgive_unclean_ends(int64 job);

} // namespace pgcrew::bgjob
