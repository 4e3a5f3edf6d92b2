// The supervisor: one process for the whole server, without a database.
//
// It alone decides who gets a worker, so sessions need not outlive their jobs and the rules of
// fairness stand in one place. It sleeps on its latch: a launch without a free worker wakes it, a
// worker that leaves wakes it, and the postmaster wakes it when a process it started came up or
// ended. It keeps nothing in its own memory that matters: after its death the next one starts from
// the control segment. Preloaded, it holds a slot from the start of the server; otherwise the first
// launch starts it and it leaves when there is nothing left to look after.
#include "pg/supervisor.hpp"

#include "core/fairness.hpp"
#include "pg/databases_in_demand.hpp"
#include "pg/durable/dispatcher.hpp"
#include "pg/error_of_job.hpp"
#include "pg/expired_results.hpp"
#include "pg/pool.hpp"
#include "pg/settings.hpp"
#include "pgcrew/compat.hpp"

#include <algorithm>
#include <utility>
#include <vector>

extern "C" {
#include <access/xlog.h>
#include <storage/ipc.h>
#include <storage/latch.h>
}

namespace pgcrew::bgjob {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds retry_when_full{100}; // somebody else's slot may have become free
constexpr milliseconds look_again{1000};     // DROP DATABASE waits 5 s for others to leave
constexpr milliseconds longest_sleep{10000}; // between two looks at what has expired
constexpr int64 start_limit_ms = 60000;      // after this a worker that was to start is given up
constexpr int64 supervisor_start_limit_ms = 5000;
constexpr int failed_starts_allowed = 3;

bool preloaded = false;

WorkerSpec spec() {
    return {.name = "bgjob supervisor",
            .type = "bgjob supervisor",
            .library = "bgjob",
            .entry = "bgjob_supervisor_main",
            .restart_after = std::chrono::seconds(1),
            .extra = {},
            .start_time = WorkerSpec::Start::ConsistentState,
            .database_connection = false};
}

int64 ms_since(TimestampTz then) { return (GetCurrentTimestamp() - then) / 1000; }

struct Crewed {
    Oid database, role;
};

struct Demands {
    std::vector<Demand> numbers;
    std::vector<Crewed> crews;
};

Demands demands() {
    Demands d;
    const TimestampTz now = GetCurrentTimestamp();
    Locked locked(LW_SHARED);
    for (dsa_pointer p = segment().crews; p != InvalidDsaPointer;) {
        const Crew &crew = *call([&] { return address<Crew>(p); });
        p = crew.next;
        if (crew.queued == 0 && (crew.tickets == 0 || now < crew.not_before))
            continue;
        d.numbers.push_back(
            {.unserved = unserved(locked, crew),
             .workers = crew.workers,
             .role_workers = workers_of_role(locked, crew.role),
             .max_workers = crew.max_workers,
             .waiting_since =
                 Max(crew.served_at, crew.first != 0 ? locked.find_working(crew.first)->queued_at
                                                     : crew.ticket_since)});
        d.crews.push_back({crew.database, crew.role});
    }
    return d;
}

// The worker that has been idle longest and works for another crew is asked to leave.
void dismiss_idle_worker(Locked &locked, const Crewed &starving) {
    WorkerSlot *workers = locked.workers();
    WorkerSlot *best = nullptr;
    for (int i = 0; i < segment().worker_slots; ++i) {
        WorkerSlot &w = workers[i];
        if (w.dismissed && w.proc != nullptr)
            return; // one is on its way out already
        if (w.state == WorkerState::Idle &&
            (w.database != starving.database || w.role != starving.role) &&
            (best == nullptr || w.since < best->since))
            best = &w;
    }
    if (best != nullptr)
        dismiss(*best);
}

class Supervisor {
  public:
    milliseconds step() {
        give_up_failed_starts();
        const bool standby = !resume_after_start();
        milliseconds sleep = start_dispatchers();
        const bool full = start_workers();
        sleep = std::min(sleep, expired_.forget());
        if (leave_databases_in_demand() || standby) // a promotion wakes nobody
            sleep = std::min(sleep, look_again);
        return full ? std::min(retry_when_full, sleep) : sleep;
    }

    // Whether there is nothing to look after; then this supervisor is no longer the one.
    bool resign_if_idle() {
        Locked locked(LW_EXCLUSIVE);
        const ControlSegment &s = segment();
        const WorkerSlot *workers = locked.workers();
        const bool in_use = std::any_of(workers, workers + s.worker_slots, [](const WorkerSlot &w) {
            return w.state != WorkerState::Free;
        });
        if (preloaded || in_use || s.queued > 0 || s.running > 0 || s.retained > 0 ||
            dispatchers_are_needed(locked))
            return false;
        segment().supervisor = nullptr;
        segment().supervisor_starting = 0;
        return true;
    }

  private:
    // When the server takes transactions, the jobs that were left are found; later those of
    // databases that could not be connected to then. False while the server is a standby.
    static bool resume_after_start() {
        const TimestampTz now = GetCurrentTimestamp();
        if (!preloaded || now < segment().resume_at)
            return true;
        if (RecoveryInProgress())
            return false;
        segment().resume_at = DT_NOEND;
        if (!start_worker({.name = "bgjob resume",
                           .type = "bgjob resume",
                           .library = "bgjob",
                           .entry = "bgjob_resume_main",
                           .extra = {}}))
            segment().resume_at = now;
        return true;
    }

    // True when a crew wants a worker that cannot be had now.
    bool start_workers() {
        for (;;) {
            const Demands wanted = demands();
            const int chosen = neediest(wanted.numbers);
            if (chosen < 0)
                return set_starving(nullptr);
            const Crewed &crew = wanted.crews[static_cast<std::size_t>(chosen)];
            std::optional<StartedWorker> started = start_worker_in_slot(crew.database, crew.role);
            if (!started)
                return set_starving(&crew);
            starting_.push_back(std::move(*started));
        }
    }

    static bool set_starving(const Crewed *crew) {
        Locked locked(LW_EXCLUSIVE);
        ControlSegment &s = segment();
        s.starving = crew != nullptr;
        if (crew == nullptr)
            return false;
        s.starving_database = crew->database;
        s.starving_role = crew->role;
        dismiss_idle_worker(locked, *crew);
        return true;
    }

    // A process that ended before it could say why (fork failed, the library did not load).
    void give_up_failed_starts() {
        auto still_starting = starting_.begin();
        for (StartedWorker &s : starting_) {
            const WorkerStatus status = s.handle.status();
            if (status == WorkerStatus::NotYetStarted)
                *still_starting++ = std::move(s);
            else if (status != WorkerStatus::Started)
                give_up(s.slot, s.generation);
        }
        starting_.erase(still_starting, starting_.end());
        give_up_forgotten();
    }

    // Workers that somebody else started and that never came up.
    static void give_up_forgotten() {
        std::vector<std::pair<int, uint32>> overdue;
        {
            Locked locked(LW_SHARED);
            const WorkerSlot *workers = locked.workers();
            for (int i = 0; i < segment().worker_slots; ++i)
                if (workers[i].state == WorkerState::Starting && workers[i].proc == nullptr &&
                    ms_since(workers[i].started_at) > start_limit_ms)
                    overdue.emplace_back(i, workers[i].generation);
        }
        for (const auto &[slot, generation] : overdue)
            give_up(slot, generation);
    }

    static void give_up(int slot, uint32 generation) {
        JobId hopeless = 0;
        {
            Locked locked(LW_EXCLUSIVE);
            const WorkerSlot &worker = locked.workers()[slot];
            if (worker.state != WorkerState::Starting || worker.generation != generation ||
                worker.proc != nullptr)
                return;
            Crew *crew = locked.crew(worker.database, worker.role);
            free_slot(locked, slot);
            ++segment().counters.worker_start_failures;
            if (crew != nullptr && ++crew->failed_starts >= failed_starts_allowed) {
                crew->failed_starts = 0;
                hopeless = crew->first;
            }
        }
        if (hopeless != 0)
            fail_queued_job(hopeless, Error(sqlstate::insufficient_resources,
                                            "could not start a background worker",
                                            "Several attempts ended before the worker was up.",
                                            "More details may be available in the server log."));
    }

    std::vector<StartedWorker> starting_;
    ExpiredResults expired_;
};

void leave(int, Datum) {
    cleanup("leaving as supervisor", [] {
        ControlSegment &s = segment();
        LWLockAcquire(&s.lock, LW_EXCLUSIVE);
        if (s.supervisor == MyProc) {
            s.supervisor = nullptr;
            s.supervisor_starting = 0;
        }
        LWLockRelease(&s.lock);
    });
}

// False if another one is at work already.
bool take_office() {
    Locked locked(LW_EXCLUSIVE);
    if (segment().supervisor != nullptr)
        return false;
    segment().supervisor = MyProc;
    return true;
}

} // namespace

void register_supervisor() {
    preloaded = true;
    register_worker(spec());
}

bool ensure_supervisor() {
    if (preloaded)
        return true;
    {
        Locked locked(LW_EXCLUSIVE);
        ControlSegment &s = segment();
        if (s.supervisor != nullptr ||
            (s.supervisor_starting != 0 &&
             ms_since(s.supervisor_starting) < supervisor_start_limit_ms))
            return true;
        s.supervisor_starting = GetCurrentTimestamp();
    }
    if (start_worker(spec()))
        return true;
    Locked locked(LW_EXCLUSIVE);
    segment().supervisor_starting = 0;
    return false;
}

void wake_supervisor(Locked &locked) { locked.wake.process(segment().supervisor); }

bool start_worker_now(Oid database, Oid role) {
    return start_worker_in_slot(database, role).has_value();
}

PGCREW_WORKER(bgjob_supervisor_main, OnTerm::Flag) {
    segment();
    call([] { before_shmem_exit(callback<&leave>, 0); });
    if (!take_office())
        return;
    Supervisor supervisor;
    const uint32 wait_event = call([] { return compat::new_wait_event("BgjobSupervisor"); });
    milliseconds idle{0};
    while (!worker.stop_requested()) {
        const milliseconds sleep = std::min(supervisor.step(), longest_sleep);
        const bool timed_out = worker.wait(sleep, wait_event) == Worker::Wake::Timeout;
        idle = timed_out ? idle + sleep : milliseconds{0};
        if (idle.count() >= settings::worker_idle_timeout && supervisor.resign_if_idle())
            return;
    }
}

} // namespace pgcrew::bgjob
