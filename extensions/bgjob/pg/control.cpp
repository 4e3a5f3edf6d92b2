// wait, wait_any, cancel, detach and their relatives. Waiting is done on condition variables: a
// sleeper wakes when its job changes, and looks the job up again, for it may have gone.
#include "pg/control.hpp"

#include "pg/access.hpp"
#include "pg/array_elements.hpp"
#include "pg/error_of_job.hpp"
#include "pg/launch.hpp"
#include "pg/queue.hpp"
#include "pg/sleeper.hpp"
#include "pg/supervisor.hpp"
#include "pgcrew/args.hpp"

#include <csignal>
#include <unordered_set>
#include <vector>

extern "C" {
#include <executor/executor.h>
}

namespace pgcrew::bgjob {
namespace {

int64 now_ms() { return GetCurrentTimestamp() / 1000; }

int64 deadline_after(int64 timeout_ms) {
    const int64 now = now_ms();
    return timeout_ms < 0 || timeout_ms > PG_INT64_MAX - now ? PG_INT64_MAX : now + timeout_ms;
}

// Sleeps until woken or until `deadline`; false when that has passed.
bool sleep_until(Sleeper &sleeper, int64 deadline, bool watch_supervisor) {
    int64 remaining = deadline == PG_INT64_MAX ? -1 : deadline - now_ms();
    if (deadline != PG_INT64_MAX && remaining <= 0)
        return false;
    if (watch_supervisor && (remaining < 0 || remaining > supervisor_check_ms))
        remaining = supervisor_check_ms;
    sleeper.sleep(remaining);
    return true;
}

// Interrupts the SQL of a running job. Lock held exclusively: the worker cannot leave or change
// its job meanwhile, so the signal reaches it and nobody else.
void interrupt_worker(const Locked &locked, const Job &job, int signal) {
    const WorkerSlot &worker = locked.workers()[job.worker];
    if (worker.job == job.id && worker.proc != nullptr)
        kill(worker.pid, signal);
}

// Lock held exclusively. True if the job has ended.
bool request_cancel(Locked &locked, Job &job, bool &was_queued) {
    was_queued = job.state == JobState::Queued;
    if (finished(job.state)) {
        ++segment().counters.cancels_too_late;
        return true;
    }
    job.cancel_requested = true;
    if (job.state == JobState::Running)
        interrupt_worker(locked, job, SIGINT);
    return false;
}

} // namespace

bool wait_for_end(JobId id, int64 cookie, int64 timeout_ms) {
    if (of_an_earlier_life(id))
        return true;
    check_access(id, cookie);
    const int64 deadline = deadline_after(timeout_ms);
    Sleeper sleeper(waiting_room(id));
    for (;;) {
        bool unattended;
        {
            Locked locked(LW_SHARED);
            const Job &job = require(locked, id, cookie);
            if (finished(job.state))
                return true;
            unattended = job.state == JobState::Queued && segment().supervisor == nullptr;
        }
        if (unattended)
            ensure_supervisor();
        if (!sleep_until(sleeper, deadline, unattended))
            return false;
    }
}

namespace {

// Those that may be used, each job once: all of them are looked at under the lock.
std::vector<Handle> distinct(const std::vector<Handle> &handles) {
    std::vector<Handle> jobs;
    std::unordered_set<JobId> known;
    for (const Handle &h : handles) {
        if (!of_an_earlier_life(h.id))
            check_access(h.id, h.cookie);
        if (known.insert(h.id).second)
            jobs.push_back(h);
        check_for_interrupts();
    }
    return jobs;
}

} // namespace

std::optional<Handle> wait_for_any(const std::vector<Handle> &handles, int64 timeout_ms) {
    const int64 deadline = deadline_after(timeout_ms);
    const std::vector<Handle> jobs = distinct(handles);
    Sleeper sleeper(&segment().any_finished);
    for (;;) {
        bool unattended = false;
        {
            Locked locked(LW_SHARED);
            for (const Handle &h : jobs) {
                if (of_an_earlier_life(h.id))
                    return h;
                const Job &job = require(locked, h.id, h.cookie);
                if (finished(job.state))
                    return h;
                unattended |= job.state == JobState::Queued && segment().supervisor == nullptr;
            }
        }
        if (unattended)
            ensure_supervisor();
        if (!sleep_until(sleeper, deadline, unattended))
            return std::nullopt;
    }
}

bool cancel_job(JobId id, int64 cookie, int64 grace_ms) {
    check_access(id, cookie);
    bool was_queued = false;
    {
        Locked locked(LW_EXCLUSIVE);
        if (request_cancel(locked, require(locked, id, cookie), was_queued))
            return true;
    }
    if (was_queued && cancel_queued_job(id))
        return true;
    grace_ms = Min(grace_ms, longest_grace_ms);
    if (grace_ms <= 0)
        return false;
    if (wait_for_end(id, cookie, grace_ms))
        return true;
    {
        Locked locked(LW_EXCLUSIVE);
        const Job &job = require(locked, id, cookie);
        if (!finished(job.state))
            interrupt_worker(locked, job, SIGTERM);
    }
    return wait_for_end(id, cookie, 0);
}

void detach_job(JobId id, int64 cookie) {
    check_access(id, cookie);
    Remains remains;
    {
        Locked locked(LW_EXCLUSIVE);
        Job &job = require(locked, id, cookie);
        if (!finished(job.state)) {
            job.detached = true;
            locked.wake.waiters(id); // who waits for it learns that it has gone
            locked.wake.waiters_for_any();
            return;
        }
        remains = take_out(locked, &job);
        locked.drop_empty_crews();
    }
    give_back(remains);
}

bool withdraw(JobId id) {
    Remains remains;
    {
        Locked locked(LW_EXCLUSIVE);
        Job *job = locked.find(id);
        if (job == nullptr || job->state != JobState::Queued)
            return false;
        job->detached = true;
        (void)finish(locked, *job, JobState::Cancelled);
        remains = take_out(locked, job);
        locked.drop_empty_crews();
    }
    give_back(remains);
    return true;
}

namespace {

struct Named {
    JobId id;
    int64 cookie;
};

// Jobs that `wanted` accepts, read under the lock into plain memory.
template <class F> std::vector<Named> jobs_where(F wanted) {
    std::vector<Named> found;
    Locked locked(LW_SHARED);
    found.reserve(jobs_in_sight());
    std::vector<Named> *out = &found;
    for_each_job(locked, [out, &wanted](const Job &job) {
        if (!job.detached && wanted(job) && out->size() < out->capacity())
            out->push_back({job.id, job.cookie});
    });
    return found;
}

enum class Forbidden { Raise, Skip };

// One that went away meanwhile is no error.
template <class F> int32 count_done(const std::vector<Named> &jobs, Forbidden forbidden, F act) {
    int32 done = 0;
    for (const Named &job : jobs) {
        try {
            act(job);
            ++done;
        } catch (const Error &e) {
            const bool skip =
                e.state() == sqlstate::undefined_object ||
                (forbidden == Forbidden::Skip && e.state() == sqlstate::insufficient_privilege);
            if (!skip)
                throw;
        }
        check_for_interrupts();
    }
    return done;
}

Handle handle_from(HeapTupleHeader row) {
    bool id_null = false, cookie_null = false;
    Handle handle{};
    call([&] {
        const Datum id = GetAttributeByNum(row, 1, &id_null);
        const Datum cookie = GetAttributeByNum(row, 2, &cookie_null);
        handle.id = id_null ? 0 : DatumGetInt64(id);
        handle.cookie = cookie_null ? 0 : DatumGetInt64(cookie);
    });
    if (id_null || cookie_null)
        throw Error(sqlstate::null_value_not_allowed, "handle must not be null");
    return handle;
}

std::vector<Handle> handles_from(Datum array_datum) {
    const ArrayElements elements =
        call([&] { return array_elements(DatumGetArrayTypeP(array_datum)); });
    std::vector<Handle> handles;
    for (int i = 0; i < elements.count; ++i) {
        if (elements.nulls[i])
            throw Error(sqlstate::null_value_not_allowed, "handle must not be null");
        handles.push_back(
            handle_from(call([&] { return DatumGetHeapTupleHeader(elements.values[i]); })));
        check_for_interrupts();
    }
    return handles;
}

int64 timeout_argument(const Args &args, int i) {
    const std::optional<int64> ms = args.opt_interval_ms(i);
    return ms ? Max(*ms, 0) : -1;
}

} // namespace

PGCREW_FUNCTION(bgjob_wait) {
    const Args args(fcinfo);
    return result(fcinfo, wait_for_end(args.int64(0, "id"), args.int64(1, "cookie"),
                                       timeout_argument(args, 2)));
}

PGCREW_FUNCTION(bgjob_wait_any) {
    const Args args(fcinfo);
    const std::vector<Handle> handles = handles_from(args.datum(0, "handles"));
    if (handles.empty())
        throw Error(sqlstate::invalid_parameter_value, "handles must not be empty");
    const std::optional<Handle> ended = wait_for_any(handles, timeout_argument(args, 1));
    return ended ? Record(fcinfo).make({ended->id, ended->cookie}) : null(fcinfo);
}

PGCREW_FUNCTION(bgjob_cancel) {
    const Args args(fcinfo);
    return result(fcinfo, cancel_job(args.int64(0, "id"), args.int64(1, "cookie"),
                                     args.opt_interval_ms(2).value_or(0)));
}

PGCREW_FUNCTION(bgjob_detach) {
    const Args args(fcinfo);
    detach_job(args.int64(0, "id"), args.int64(1, "cookie"));
    return Datum{0};
}

PGCREW_FUNCTION(bgjob_detach_all) {
    const uint64 mine = this_session();
    const auto jobs =
        jobs_where([mine](const Job &job) { return mine != 0 && job.launcher_session == mine; });
    return result(fcinfo, count_done(jobs, Forbidden::Raise,
                                     [](const Named &job) { detach_job(job.id, job.cookie); }));
}

PGCREW_FUNCTION(bgjob_cancel_all) {
    const uint64 mine = this_session();
    const auto jobs = jobs_where([mine](const Job &job) {
        return mine != 0 && job.launcher_session == mine && !finished(job.state);
    });
    return result(fcinfo, count_done(jobs, Forbidden::Raise,
                                     [](const Named &job) { cancel_job(job.id, job.cookie, 0); }));
}

PGCREW_FUNCTION(bgjob_purge) {
    const auto jobs = jobs_where(
        [](const Job &job) { return job.database == MyDatabaseId && finished(job.state); });
    return result(fcinfo, count_done(jobs, Forbidden::Skip,
                                     [](const Named &job) { detach_job(job.id, job.cookie); }));
}

} // namespace pgcrew::bgjob
