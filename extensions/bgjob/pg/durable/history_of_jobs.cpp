#include "pg/durable/history_of_jobs.hpp"

#include "pg/durable/child_table.hpp"
#include "pg/durable/ended_jobs.hpp"
#include "pg/durable/queue_cache.hpp"
#include "pg/durable/step_table.hpp"

namespace pgcrew::bgjob {
namespace {

bool is_kept(const Keep &keep, DurableState end) {
    switch (keep.what) {
    case Keep::What::All:
        return true;
    case Keep::What::Failed:
        return end == DurableState::Failed;
    case Keep::What::None:
        return false;
    }
    return true;
}

void free_key(int64 job) {
    PrivateTable keys("job_key");
    if (const auto row = keys.find("job_key_job", {job}))
        (void)keys.remove(*row);
}

void forget(const DurableJob &job, DurableState end) {
    if (job.kind == JobKind::Workflow) {
        StepTable().remove_all(job.id);
        ChildTable().remove_all(job.id);
    }
    // A workflow's steps may have failed when it has not.
    if (job.attempt > 0 || end == DurableState::Failed || job.kind == JobKind::Workflow)
        forget_failures(job.id);
    if (!job.key.empty())
        free_key(job.id);
}

} // namespace

void remember_job(const DurableJob &job, const JobOutcome &outcome) {
    if (!is_kept(queue_of_id(job.queue).options.keep, outcome.state))
        forget(job, outcome.state);
    else if (outcome.state == DurableState::Failed)
        add_to_dead(job, outcome);
    else
        add_to_history(job, outcome);
}

} // namespace pgcrew::bgjob
