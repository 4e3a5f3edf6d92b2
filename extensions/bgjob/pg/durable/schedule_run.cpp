#include "pg/durable/schedule_run.hpp"

#include "pg/durable/at_commit.hpp"
#include "pg/durable/enqueue.hpp"

extern "C" {
#include <miscadmin.h>
#include <utils/syscache.h>
}

namespace pgcrew::bgjob {
namespace {

void require_role(Oid role) {
    if (!call([&] { return SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(role)); }))
        throw Error(sqlstate::undefined_object,
                    "role with OID " + std::to_string(role) + " does not exist");
}

} // namespace

int64 start_run(const StoredSchedule &schedule, std::optional<Timestamp> planned) {
    require_role(schedule.role);
    DurableJob job;
    job.kind = schedule.kind;
    job.queue = schedule.queue;
    job.priority = schedule.priority;
    job.command = schedule.command;
    job.args = schedule.args;
    job.options = schedule.options;
    job.schedule = schedule.id;
    if (planned)
        job.due_at = DatumGetTimestampTz(to_datum(*planned));
    int64 id = 0;
    {
        // add_job() asks who enqueues, and says no to those who may not.
        const UserScope as_role(schedule.role, SECURITY_LOCAL_USERID_CHANGE);
        GucScope settings;
        settings.set("search_path", schedule.search_path.c_str());
        id = add_job(std::move(job));
    }
    PrivateTable("schedule_run").insert({Value(schedule.id), Value(id)});
    return id;
}

bool has_unfinished_run(int64 schedule) {
    return PrivateTable("schedule_run").find("schedule_run_pkey", {schedule}).has_value();
}

void end_run(int64 schedule, int64 job) {
    PrivateTable runs("schedule_run");
    const std::optional<PrivateRow> run = runs.find("schedule_run_pkey", {schedule, job});
    if (!run)
        return;
    if (!runs.remove(*run))
        throw Error(sqlstate::serialization_failure, "the run of a schedule is being changed");
    tell_of_schedules();
}

} // namespace pgcrew::bgjob
