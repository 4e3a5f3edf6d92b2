#include "pg/compat_session.hpp"

#include "pg/access.hpp"
#include "pg/compat_settings.hpp"
#include "pg/control.hpp"
#include "pg/error_of_job.hpp"
#include "pg/preview.hpp"
#include "pg/settings.hpp"

extern "C" {
#include <miscadmin.h>
}

namespace pgcrew::bgjob::pg_background {
namespace {

constexpr int32 first_pid = 1 << 30; // Linux ends at 2^22

int32 pid_of(JobId id) { return first_pid + static_cast<int32>(id % first_pid); }

[[noreturn]] void throw_not_attached(int32 pid) {
    throw Error(sqlstate::undefined_object,
                "PID " + std::to_string(pid) + " is not attached to this session");
}

void count_outcome(const Attached &job, const std::optional<Standing> &standing) {
    Counters &counters = session().counters;
    if (job.cancel_requested || (standing && standing->state == JobState::Cancelled))
        ++counters.canceled;
    else if (standing && (standing->state == JobState::Failed || standing->state == JobState::Lost))
        ++counters.failed;
    else
        ++counters.completed;
    if (job.gave_up || (standing && standing->timed_out))
        ++counters.timed_out;
    if (standing && standing->started_at != 0) {
        const TimestampTz end =
            standing->ended_at != 0 ? standing->ended_at : GetCurrentTimestamp();
        counters.execution_ms += static_cast<double>(end - standing->started_at) / 1000;
    }
}

// Does something to a job that may have gone from the registry, which is no error here.
template <class F> void unless_gone(F act) {
    try {
        act();
    } catch (const Error &e) {
        if (e.state() != sqlstate::undefined_object)
            throw;
    }
}

} // namespace

Session &session() {
    static Session *one = nullptr; // lives as long as the process
    if (one == nullptr) {
        settings::define();
        one = new Session;
    }
    return *one;
}

Attached &attach(const LaunchRequest &request) {
    Session &here = session();
    const int limit = settings::max_workers();
    if (static_cast<int>(here.jobs.size()) >= limit)
        throw Error(sqlstate::configuration_limit_exceeded, "too many background workers",
                    "Current limit is " + std::to_string(limit) +
                        " concurrent workers per session.",
                    "Take the results of jobs or detach them, or increase "
                    "\"pg_background.max_workers\".");
    Attached job{.pid = 0,
                 .handle = {},
                 .owner = GetUserId(),
                 .launcher = GetOuterUserId(),
                 .launched_at = GetCurrentTimestamp(),
                 .queue_size = request.queue_size,
                 .keeps_rows = request.keeps_rows,
                 .label = request.label.value_or(""),
                 .sql_preview = preview(request.sql, bgjob::settings::preview_length)};
    job.handle = launch_job(request);
    job.pid = pid_of(job.handle.id);
    if (const auto stale = here.jobs.find(job.pid); stale != here.jobs.end())
        release(stale->second); // a job of 2^30 launches ago
    ++here.counters.launched;
    return here.jobs.emplace(job.pid, std::move(job)).first->second;
}

bool may_use(const Attached &job) { return bgjob::may_use(job.owner, job.launcher); }

Attached &named_by(const Args &args) {
    const int32 pid = args.int32(0);
    const auto found = session().jobs.find(pid);
    if (found == session().jobs.end())
        throw_not_attached(pid);
    Attached &job = found->second;
    if (!may_use(job))
        throw Error(sqlstate::insufficient_privilege,
                    "permission denied for background worker with PID \"" + std::to_string(pid) +
                        "\"");
    if (args.count() > 1 && args.int64(1) != job.handle.cookie)
        throw Error(sqlstate::object_not_in_prerequisite_state,
                    "cookie mismatch for PID " + std::to_string(pid), {},
                    "The worker may have been restarted or the handle is stale.");
    return job;
}

Attached *find(int32 pid, int64 cookie) {
    const auto found = session().jobs.find(pid);
    if (found == session().jobs.end() || found->second.handle.cookie != cookie ||
        !may_use(found->second))
        return nullptr;
    return &found->second;
}

void release(Attached &job) {
    const std::optional<Standing> standing = standing_of(job);
    unless_gone([&] { detach_job(job.handle.id, job.handle.cookie); });
    count_outcome(job, standing);
    session().jobs.erase(job.pid);
}

void cancel(Attached &job, int64 grace_ms) {
    job.cancel_requested = true;
    unless_gone([&] { cancel_job(job.handle.id, job.handle.cookie, Max(grace_ms, 0)); });
}

bool wait_until_ended(const Attached &job, int64 timeout_ms) {
    bool ended = true;
    unless_gone([&] { ended = wait_for_end(job.handle.id, job.handle.cookie, timeout_ms); });
    return ended;
}

std::optional<Standing> standing_of(const Attached &attached) {
    Locked locked(LW_SHARED);
    Job *job = locked.find(attached.handle.id);
    if (job == nullptr || job->cookie != attached.handle.cookie)
        return std::nullopt;
    const bool working = job->worker >= 0 && !finished(job->state);
    return Standing{.state = job->state,
                    .timed_out = job->timed_out,
                    .rows = static_cast<int64>(pg_atomic_read_u64(&job->rows)),
                    .command_tag = job->command_tag,
                    .started_at = job->started_at,
                    .ended_at = job->finished_at,
                    .worker_pid = working ? locked.workers()[job->worker].pid : 0,
                    .error = error_of(*job),
                    .percent = job->percent,
                    .progress_message = job->progress_message};
}

} // namespace pgcrew::bgjob::pg_background
