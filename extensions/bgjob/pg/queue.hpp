// A launched job's way through the registry: queued, given to a worker, ended. The control lock is
// held exclusively by every caller; each function keeps crews, counters and states in step.
#pragma once
#include "pg/registry.hpp"

namespace pgcrew::bgjob {

// A new job joins the end of its crew's queue.
void enqueue(Locked &locked, Job &job);

// The oldest queued job of the crew, taken from the queue for the worker in `slot`; null if none.
Job *dequeue(Locked &locked, Crew &crew, int slot);

// The worker of a starting job leaves: the job is the first in its queue again.
void requeue(Locked &locked, Job &job);

void start_running(Locked &locked, Job &job);

// Ends a job in any unfinished state and wakes who waits for it. True if it was detached: the
// caller takes it out then.
[[nodiscard]] bool finish(Locked &locked, Job &job, JobState how);

// Gives the job to an idle worker of its crew and wakes it; null if there is none.
const WorkerSlot *hand_to_idle_worker(Locked &locked, Crew &crew);

// Whether durable jobs of the crew wait for another worker than it has.
bool tickets_need_worker(const Locked &locked, const Crew &crew);

// How many queued jobs of the crew no worker is about to take.
int unserved(const Locked &locked, const Crew &crew);

int workers_of_role(const Locked &locked, Oid role);
int jobs_of_role(const Locked &locked, Oid role); // unfinished

} // namespace pgcrew::bgjob
