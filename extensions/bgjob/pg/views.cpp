// What the views and outcome() show: copies taken under the lock, judged and formatted after it.
#include "pg/access.hpp"
#include "pg/error_of_job.hpp"
#include "pg/preview.hpp"
#include "pg/queue.hpp"
#include "pg/settings.hpp"
#include "pg/sql_values.hpp"
#include "pgcrew/args.hpp"

#include <algorithm>
#include <vector>

extern "C" {
#include <catalog/pg_authid.h>
#include <catalog/pg_type.h>
#include <utils/acl.h>
}

namespace pgcrew::bgjob {
namespace {

bool sees_everything() {
    return call([] { return has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS); });
}

std::string sqlstate_text(int packed) {
    return packed == 0 ? std::string() : SqlState(packed).text();
}

uint64 rows_of(const Job &job) {
    return pg_atomic_read_u64(const_cast<pg_atomic_uint64 *>(&job.rows));
}

// --- bgjob.launched -------------------------------------------------------------------------

// A job as the lock left it, with the texts that live outside its struct.
struct Seen {
    Job job;
    uint64 rows;
    int worker_pid;
    std::string sql, message;
};

// Only the beginning of a text is ever shown.
std::string beginning(dsa_pointer at, std::size_t offset, std::size_t size, int limit) {
    const char *p = call([&] { return address<char>(at); });
    return {p + offset, std::min(size, static_cast<std::size_t>(limit) + 16)};
}

std::vector<Seen> look_at_all() {
    std::vector<Seen> seen;
    std::vector<JobId> ids;
    Locked locked(LW_SHARED);
    ids.reserve(jobs_in_sight());
    std::vector<JobId> *out = &ids;
    for_each_job(locked, [out](const Job &job) {
        if (!job.detached && out->size() < out->capacity())
            out->push_back(job.id);
    });
    std::sort(ids.begin(), ids.end());
    const WorkerSlot *workers = locked.workers();
    for (const JobId id : ids) {
        const Job &job = *locked.find(id);
        const bool working = job.worker >= 0 && !finished(job.state);
        seen.push_back(
            {job, rows_of(job), working ? workers[job.worker].pid : 0,
             beginning(job.request, job.settings_size, job.sql_size, settings::preview_length),
             message_of_error(job)});
    }
    return seen;
}

} // namespace

PGCREW_FUNCTION(bgjob_launched_jobs) {
    SetResult rows(fcinfo);
    const bool all = sees_everything();
    for (const Seen &s : look_at_all()) {
        const Job &job = s.job;
        const bool owns = call([&] { return has_privs_of_role(GetUserId(), job.owner); });
        if (!owns && !all && !may_use(job.owner, job.launcher))
            continue;
        const std::string label = job.label, tag = job.command_tag, progress = job.progress_message;
        const std::string state = sqlstate_text(job.sqlstate);
        const std::string error = preview(s.message, settings::error_length);
        const std::string sql = preview(s.sql, settings::preview_length);
        rows.put(
            {job.id,
             owns ? Value(job.cookie) : Value::null(INT8OID),
             text_or_null(label),
             name(job.state),
             job.keeps_rows,
             job.database,
             job.owner,
             job.launcher,
             job.launcher_pid,
             int_or_null(s.worker_pid),
             moment(job.queued_at),
             moment(job.started_at),
             moment(job.finished_at),
             static_cast<int64>(s.rows),
             static_cast<int64>(job.spool.memory_bytes),
             static_cast<int64>(job.spool.file_bytes),
             text_or_null(tag),
             text_or_null(state),
             text_or_null(error),
             job.percent < 0 ? Value::null(INT4OID) : Value(job.percent),
             text_or_null(progress),
             job.queue_size,
             job.timeout_ms == 0 ? Value::null(INTERVALOID) : interval_of(job.timeout_ms * 1000),
             job.cancel_requested,
             sql});
    }
    return rows.done();
}

// --- outcome and command --------------------------------------------------------------------

PGCREW_FUNCTION(bgjob_outcome) {
    const Args args(fcinfo);
    const JobId id = args.int64(0, "id");
    const int64 cookie = args.int64(1, "cookie");
    const Record record(fcinfo);
    const Value none(std::nullopt);
    const Value never = Value::null(TIMESTAMPTZOID);
    if (of_an_earlier_life(id))
        return record.make({name(JobState::Lost), Value::null(INT8OID), none, "08006",
                            "job " + std::to_string(id) + " was lost",
                            "The server has restarted since it was launched.", none, none, none,
                            none, none, none, none, never, never, never});
    check_access(id, cookie);
    Job job;
    uint64 row_count;
    ErrorFields error;
    {
        Locked locked(LW_SHARED);
        const Job &found = require(locked, id, cookie);
        memcpy(static_cast<void *>(&job), &found, sizeof job);
        row_count = rows_of(found);
        error = error_of(found);
    }
    const std::string tag = job.command_tag, state = sqlstate_text(job.sqlstate);
    return record.make({name(job.state), static_cast<int64>(row_count), text_or_null(tag),
                        text_or_null(state), text_or_null(error.message),
                        text_or_null(error.detail), text_or_null(error.hint),
                        text_or_null(error.context), text_or_null(error.schema_name),
                        text_or_null(error.table_name), text_or_null(error.column_name),
                        text_or_null(error.datatype_name), text_or_null(error.constraint_name),
                        moment(job.queued_at), moment(job.started_at), moment(job.finished_at)});
}

PGCREW_FUNCTION(bgjob_command) {
    const Args args(fcinfo);
    const JobId id = args.int64(0, "id");
    const int64 cookie = args.int64(1, "cookie");
    check_access(id, cookie);
    std::string sql;
    {
        Locked locked(LW_SHARED);
        const Job &job = require(locked, id, cookie);
        const char *request = call([&] { return address<char>(job.request); });
        sql.assign(request + job.settings_size, job.sql_size);
    }
    return result(fcinfo, sql);
}

// --- bgjob.activity -------------------------------------------------------------------------

namespace {

const char *name(WorkerState state) {
    switch (state) {
    case WorkerState::Starting:
        return "starting";
    case WorkerState::Idle:
        return "idle";
    case WorkerState::Busy:
        return "busy";
    case WorkerState::Resetting:
        return "resetting";
    case WorkerState::Free:
        break;
    }
    return "free";
}

} // namespace

PGCREW_FUNCTION(bgjob_workers_now) {
    SetResult rows(fcinfo);
    std::vector<WorkerSlot> seen;
    {
        Locked locked(LW_SHARED);
        const WorkerSlot *workers = locked.workers();
        std::copy_if(workers, workers + segment().worker_slots, std::back_inserter(seen),
                     [](const WorkerSlot &w) { return w.state != WorkerState::Free; });
    }
    const bool all = sees_everything();
    for (const WorkerSlot &w : seen)
        if (all || may_use(w.role, w.role))
            rows.put({int_or_null(w.pid), name(w.state), w.database, w.role, bigint_or_null(w.job),
                      moment(w.started_at), moment(w.since), w.jobs_done});
    return rows.done();
}

// --- bgjob.stats ----------------------------------------------------------------------------

PGCREW_FUNCTION(bgjob_counters) {
    Counters c;
    int64 queued, running, retained, workers = 0, memory = 0;
    {
        Locked locked(LW_SHARED);
        const ControlSegment &s = segment();
        c = s.counters;
        queued = s.queued;
        running = s.running;
        retained = s.retained;
        const WorkerSlot *slots = locked.workers();
        workers = std::count_if(slots, slots + s.worker_slots,
                                [](const WorkerSlot &w) { return w.state != WorkerState::Free; });
        for_each_job(locked, [&memory](const Job &job) {
            memory +=
                static_cast<int64>(sizeof(Job) + job.settings_size + job.sql_size + job.error_size +
                                   job.spool.memory_bytes + job.notices.bytes);
        });
    }
    return Record(fcinfo).make(
        {c.launched, c.succeeded, c.failed, c.cancelled, c.timed_out, c.lost, queued, running,
         retained, workers, c.workers_started, c.worker_start_failures, c.cancels_too_late,
         c.rows_kept, c.bytes_spilled, memory, c.execution_ms, c.queue_ms, moment(c.since)});
}

} // namespace pgcrew::bgjob
