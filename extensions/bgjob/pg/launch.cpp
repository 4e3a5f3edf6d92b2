// launch and submit: everything is checked and every byte of shared memory is had before the
// registry is touched, so a launch that fails leaves nothing behind.
#include "pg/launch.hpp"

#include "core/cookie.hpp"
#include "pg/control.hpp"
#include "pg/fault.hpp"
#include "pg/may_log_in.hpp"
#include "pg/queue.hpp"
#include "pg/session_settings.hpp"
#include "pg/settings.hpp"
#include "pg/sleeper.hpp"
#include "pg/supervisor.hpp"
#include "pgcrew/args.hpp"
#include "pgcrew/compat.hpp"

extern "C" {
#include <access/htup_details.h>
#include <access/xact.h>
#include <catalog/pg_authid.h>
#include <utils/builtins.h>
#include <utils/syscache.h>
}

namespace pgcrew::bgjob {
namespace {

uint64 session_id = 0;

bool blank(std::string_view sql) {
    return sql.find_first_not_of(" \t\r\n\f\v;") == std::string_view::npos;
}

int32 checked_queue_size(int requested) {
    if (requested == 0)
        return settings::queue_size;
    if (requested < settings::min_queue_size || requested > settings::max_queue_size)
        throw Error(sqlstate::invalid_parameter_value,
                    "queue size " + std::to_string(requested) + " is out of range",
                    "The valid range is " + std::to_string(settings::min_queue_size) + " to " +
                        std::to_string(settings::max_queue_size) +
                        " bytes; 0 means the setting \"bgjob.queue_size\".");
    return requested;
}

void check(const LaunchRequest &request) {
    if (!request.allow_empty && blank(request.sql))
        throw Error(sqlstate::invalid_parameter_value, "SQL command must not be empty");
    if (request.label && request.label->size() >= label_size)
        throw Error(SqlState{"22001"}, "label too long",
                    "The label has " + std::to_string(request.label->size()) +
                        " bytes, the limit is " + std::to_string(label_size - 1) + ".");
    if (request.timeout_ms < 0)
        throw Error(sqlstate::invalid_parameter_value, "timeout must not be negative");
    if (call([] { return InSecurityRestrictedOperation(); }))
        throw Error(sqlstate::insufficient_privilege,
                    "cannot launch a job within a security-restricted operation");
    if (IsInParallelMode())
        throw Error(SqlState{"25000"}, "cannot launch a job during a parallel operation");
}

// Random numbers are had in lots: one call of the system's generator costs as much as the rest of a
// launch.
int64 strong_random_cookie() {
    static int64 lot[32];
    static int left = 0;
    if (left == 0) {
        if (!pg_strong_random(lot, sizeof lot))
            return 0;
        left = lengthof(lot);
    }
    return std::exchange(lot[--left], 0);
}

int64 new_cookie() {
    const int64 cookie = fault("strong_random") ? 0 : strong_random_cookie();
    if (cookie != 0)
        return cookie;
    static uint64 calls = 0;
    call([] {
        elog(DEBUG1, "bgjob: no strong random numbers, cookie made of time, process and address");
    });
    return mix_cookie(
        {static_cast<std::uint64_t>(GetCurrentTimestamp()), static_cast<std::uint64_t>(MyProcPid),
         static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&cookie)), ++calls});
}

// Gives the memory back unless the job took it.
class RequestMemory : NoCopy {
  public:
    RequestMemory(std::string_view captured, std::string_view sql)
        : at_(allocate(captured.size() + sql.size(), "the job's SQL text")) {
        call([&] {
            char *to = address<char>(at_);
            memcpy(to, captured.data(), captured.size());
            memcpy(to + captured.size(), sql.data(), sql.size());
        });
    }
    ~RequestMemory() { discard(at_); }
    dsa_pointer take() noexcept { return std::exchange(at_, InvalidDsaPointer); }

  private:
    dsa_pointer at_;
};

void check_quota(const Locked &locked, Oid role) {
    if (settings::max_jobs_per_role > 0 &&
        jobs_of_role(locked, role) >= settings::max_jobs_per_role)
        throw Error(sqlstate::configuration_limit_exceeded, "too many launched jobs for this role",
                    "The role has " + std::to_string(settings::max_jobs_per_role) +
                        " unfinished jobs, which is its limit.",
                    "Wait for some to end, or have \"bgjob.max_jobs_per_role\" raised.");
}

enum class Served { ByIdleWorker, ByWorkerToCome, NotYet };

} // namespace

uint64 this_session() noexcept { return session_id; }

Handle launch_job(const LaunchRequest &request) {
    check(request);
    const int32 queue_size = checked_queue_size(request.queue_size);
    const Oid owner = GetUserId();
    check_may_log_in(owner);
    const std::string captured = capture_settings(owner);
    const int64 cookie = new_cookie();
    RequestMemory memory(captured, request.sql);

    Handle handle{};
    Served served = Served::NotYet;
    {
        Locked locked(LW_EXCLUSIVE);
        check_quota(locked, owner);
        if (session_id == 0)
            session_id = ++segment().next_session;
        Crew &crew = locked.require_crew(MyDatabaseId, owner);
        crew.max_workers = settings::max_workers_per_role;
        Job &job = *locked.insert();
        job.cookie = cookie;
        job.keeps_rows = request.keeps_rows;
        job.database = MyDatabaseId;
        job.owner = owner;
        job.launcher = GetOuterUserId();
        job.launcher_pid = MyProcPid;
        job.launcher_session = session_id;
        job.queued_at = GetCurrentTimestamp();
        job.timeout_ms = request.timeout_ms > 0 ? request.timeout_ms : settings::timeout;
        job.queue_size = queue_size;
        job.spool.memory_limit = static_cast<uint64>(queue_size);
        job.request = memory.take();
        job.settings_size = static_cast<uint32>(captured.size());
        job.sql_size = static_cast<uint32>(request.sql.size());
        if (request.label)
            memcpy(job.label, request.label->c_str(), request.label->size() + 1);
        handle = {job.id, job.cookie};
        enqueue(locked, job);
        bool soon = false;
        if (const WorkerSlot *worker = hand_to_idle_worker(locked, crew)) {
            served = Served::ByIdleWorker;
            soon = !worker->asleep;
        } else if (unserved(locked, crew) == 0) {
            served = Served::ByWorkerToCome;
            soon = true;
        } else {
            wake_supervisor(locked);
        }
        expect_answer(soon);
    }
    if (served == Served::NotYet && request.nowait && !start_worker_now(MyDatabaseId, owner)) {
        withdraw(handle.id);
        throw Error(sqlstate::insufficient_resources, "no background worker is free for the job",
                    {}, "Launch without nowait to queue it, or raise \"max_worker_processes\".");
    }
    if (served == Served::NotYet)
        ensure_supervisor();
    return handle;
}

namespace {

Datum launch_from_sql(FunctionCallInfo fcinfo, bool keeps_rows) {
    const Args args(fcinfo);
    LaunchRequest request;
    request.sql = args.text(0, "sql");
    request.keeps_rows = keeps_rows;
    request.queue_size = args.opt_int32(1).value_or(0);
    request.label = args.opt_text(2);
    request.timeout_ms = args.opt_interval_ms(3).value_or(0);
    request.nowait = args.opt_boolean(4).value_or(false);
    const Handle handle = launch_job(request);
    return Record(fcinfo).make({handle.id, handle.cookie});
}

} // namespace

PGCREW_FUNCTION(bgjob_launch) { return launch_from_sql(fcinfo, true); }
PGCREW_FUNCTION(bgjob_submit) { return launch_from_sql(fcinfo, false); }

} // namespace pgcrew::bgjob
