#include "pg/durable/wake.hpp"

#include "pg/durable/at_commit.hpp"
#include "pg/durable/owners_sql.hpp"
#include "pg/durable/task_table.hpp"
#include "pgcrew/xact.hpp"

namespace pgcrew::bgjob {

bool wake_job(int64 id) {
    JobTable jobs;
    const std::optional<DurableJob> job = jobs.find(id);
    const TimestampTz now = GetCurrentTimestamp();
    if (!job)
        return withdraw_tasks(id);
    if (job->state != DurableState::Waiting || job->due_at <= now)
        return true;
    if (!jobs.update(*job, {{job_column::DueAt, time_value(now)}}))
        return false;
    tell_of_due_job(now);
    return true;
}

void wake_or_tell(int64 id) {
    if (!wake_job(id))
        tell_of_event(id);
}

std::vector<int64> jobs_with_mail() {
    const ActiveSnapshot snapshot;
    const Rows rows = OwnersSql().execute(
        "SELECT j.id FROM bgjob.job j WHERE j.state = 5"
        " AND (EXISTS (SELECT FROM bgjob.signal s WHERE s.job = j.id)"
        "      OR EXISTS (SELECT FROM bgjob.child c WHERE c.parent = j.id AND c.state <> 0)"
        "      OR EXISTS (SELECT FROM bgjob.task t WHERE t.job = j.id AND t.state <> 1))"
        " UNION ALL SELECT t.job FROM bgjob.task t"
        " WHERE NOT EXISTS (SELECT FROM bgjob.job j WHERE j.id = t.job)");
    std::vector<int64> jobs;
    for (std::size_t i = 0; i < rows.size(); ++i)
        jobs.push_back(rows.get<std::int64_t>(i, 0));
    return jobs;
}

} // namespace pgcrew::bgjob
