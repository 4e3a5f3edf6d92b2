// The control segment: every launched job and every worker of the server, for all sessions.
//
// One lightweight lock guards it all. It is held for some hundred nanoseconds at a time and never
// while waiting, so one lock is enough and there is no lock order to get wrong. Sleepers use
// condition variables chosen by the job's id: a job may vanish while somebody sleeps, so nothing
// that can be freed is slept on, and every sleeper looks its job up again when it wakes.
#pragma once
#include "pg/job.hpp"
#include "pgcrew/guards.hpp"

extern "C" {
#include <lib/dshash.h>
#include <storage/condition_variable.h>
#include <storage/lwlock.h>
#include <storage/proc.h>
}

namespace pgcrew::bgjob {

inline constexpr int crew_tickets = 128;
inline constexpr int worker_tickets = 50; // of a group, limits::group
inline constexpr int database_events = 256;
inline constexpr int database_wishes = 64;
inline constexpr int database_deaths = 64;
inline constexpr int reason_size = 200; // bytes, with the final zero

// That a durable job shall be cancelled which was in somebody's hands (durable/cancel_wish.hpp).
struct CancelWish {
    JobId job;
    char reason[reason_size];
};

// A durable job on its way to a worker (durable/tickets.hpp).
struct Ticket {
    JobId job;
    int32 queue;
    int16 group;  // so many of the queue go into one transaction
    bool limited; // the end of the job makes room for the next one of its queue
    bool workflow;
};

// A durable job whose worker ended while it ran the job, and by which error.
struct WorkerDeath {
    JobId job;
    int32 sqlstate;
};

// The databases that have durable jobs, and who dispatches them.
struct DurableDatabase {
    dsa_pointer next;
    Oid database;
    PGPROC *dispatcher;     // null unless it is up
    bool starting;          // its start was asked for
    bool wanted;            // there may be something to do
    bool dismissed;         // the dispatcher shall leave
    bool gives_way;         // it shall leave for those of other databases
    int32 failures;         // of dispatchers, in a row
    TimestampTz started_at; // the last one
    TimestampTz not_before; // of another start
    TimestampTz start_at;   // when the one that has left would have something to do, or DT_NOEND
    // News that the dispatcher has not taken yet (durable/at_commit.hpp).
    TimestampTz next_look; // of the dispatcher by itself, DT_NOEND while it is at work
    TimestampTz earliest;  // of what became due, DT_NOEND for nothing
    bool events_lost;      // there were more
    bool queues_changed;
    bool schedules;          // some have changed, or a run of one has ended
    TimestampTz prepared_at; // when a transaction with news was last prepared, 0 for never
    TimestampTz task_due;    // the earliest of what became due for programs, DT_NOEND for nothing
    TimestampTz announce_at; // when work of Duroxide is to be announced, DT_NOEND for never
    int32 events;
    JobId event[database_events];
    int32 wishes; // one more than there is room for is lost; its worker was told all the same
    CancelWish wish[database_wishes];
    int32 deaths;
    WorkerDeath death[database_deaths];
};

// Who waits for the end of a durable job; one for each process (durable/await.cpp).
struct Awaiter {
    Oid database;
    JobId job;   // 0: waits for none
    int16 state; // how it ended, 0 as long as it has not
};

// All workers and all queued jobs of one (database, role).
struct Crew {
    dsa_pointer next;
    Oid database, role;
    JobId first, last;           // queued jobs, oldest first; 0 for none
    int32 queued, running;       // jobs
    int32 workers;               // slots of this crew that are not free
    int32 max_workers;           // as the latest launch said; 0 for no limit
    int32 failed_starts;         // of workers, in a row
    int32 refusals;              // starts of workers that could not connect, in a row
    int32 last_refusal;          // the SQLSTATE of the last one
    TimestampTz not_before;      // of another start for durable jobs
    TimestampTz served_at;       // when it last got a worker, 0 for never
    int32 first_ticket, tickets; // of the ring
    TimestampTz ticket_since;    // when a worker last took some, or they came
    TimestampTz backlog_since;   // when there were none, or another worker was started
    Ticket ticket[crew_tickets]; // durable jobs that are due
};

enum class WorkerState : uint8 { Free, Starting, Idle, Busy, Resetting };

struct WorkerSlot {
    WorkerState state;
    bool dismissed;    // leave instead of taking another job
    bool asleep;       // or about to be, so that it must be woken; a hint that needs no lock
    uint32 generation; // distinguishes the tenants of a slot
    Oid database, role;
    PGPROC *proc; // null until the worker is up and after it has left
    int pid;
    JobId job; // 0 unless busy with a launched one
    int32 tickets;
    Ticket ticket[worker_tickets]; // durable jobs in its hands
    JobId durable; // the durable job that it runs and that can be cancelled, 0 for none
    TimestampTz durable_since;
    TimestampTz started_at, since;
    int64 jobs_done;
    float processor_share; // that its durable jobs have wanted lately, 1 for all of one
    bool cancel_wanted;    // of the one that it runs, for this reason
    char cancel_reason[reason_size];
};

// For tests (fault.hpp).
inline constexpr int injected_faults = 8;
struct InjectedFault {
    char point[32]; // empty: none
    int32 action;
};

struct Counters {
    int64 launched, succeeded, failed, cancelled, timed_out, lost;
    int64 workers_started, worker_start_failures, cancels_too_late;
    int64 rows_kept, bytes_spilled;
    double execution_ms, queue_ms;
    TimestampTz since;
};

inline constexpr int waiting_rooms = 64;

struct ControlSegment {
    LWLock lock;
    int tranche;
    bool ready; // the rest is set
    dsa_handle area;
    dshash_table_handle jobs;
    dsa_pointer workers; // WorkerSlot[worker_slots]
    int32 worker_slots;
    dsa_pointer crews;             // chain
    dsa_pointer durable_databases; // chain
    dsa_pointer duroxide_schemas;  // chain (duroxide/shared_schema.hpp)
    TimestampTz resume_at;         // when databases are looked at that were not since the start
    JobId next_id, reserved_id, first_id; // ids below first_id belong to an earlier life
    uint64 next_session;
    int32 queued, running, retained; // jobs; retained: finished and not detached
    bool starving;                   // this crew waits for a slot: workers of fuller crews give way
    Oid starving_database, starving_role;
    PGPROC *supervisor;              // null unless it is up
    TimestampTz supervisor_starting; // when its start was asked for, 0 for never
    Counters counters;
    ConditionVariable job_changed[waiting_rooms]; // by job id
    ConditionVariable any_finished;
    ConditionVariable task_published[waiting_rooms]; // by database and queue
    ConditionVariable duroxide_work[waiting_rooms];  // by database, schema and kind of work
    pg_atomic_uint64 changes; // counts wake-ups of the former two; needs no lock
    // For durable jobs.
    dsa_pointer awaiters; // Awaiter[processes]
    int32 processes;
    pg_atomic_uint32 awaiting;   // how many may wait; needs no lock
    pg_atomic_uint32 injections; // faults; needs no lock
    InjectedFault injected[injected_faults];

    static void init(ControlSegment &segment, int tranche_id) noexcept;
};

// From _PG_init, when preloaded.
void request_shared_memory();

// Attaches (and, the first time in the life of the server, creates) the segment.
ControlSegment &segment();
dsa_area *area();
dshash_table *job_table();
template <class T> T *address(dsa_pointer p) { // may map memory: only inside call()
    return static_cast<T *>(dsa_get_address(area(), p));
}

// Shared memory of the segment. No lock needed. try_allocate gives InvalidDsaPointer when there is
// none, allocate throws 53200. Either lets an error of the server out, which must not be swallowed:
// locks of the area may be held until the transaction is aborted.
dsa_pointer try_allocate(Size size);
dsa_pointer allocate(Size size, const char *what);

// Whom to wake once the lock is released: woken earlier they would only queue up for it.
class Wakeups : NoCopy {
  public:
    ~Wakeups();
    void process(PGPROC *proc) noexcept { process_ = proc; }
    void waiters(JobId id) noexcept { job_ = id; }
    void waiters_for_any() noexcept { any_ = true; }

  private:
    PGPROC *process_ = nullptr; // one is enough: no caller wakes two
    JobId job_ = 0;
    bool any_ = false;
};

// Gives memory back in a destructor. An error of the server on its way out may have left locks of
// the area held, for which freeing would wait for ever: they are let go first, as the abort would.
void discard(dsa_pointer memory) noexcept;

// The lock, held while this lives. Throw nothing away under it: plain stores and look-ups only.
class Locked : NoCopy {
  public:
    explicit Locked(LWLockMode mode);

    // Null when there is no such job, or it was detached.
    Job *find(JobId id) const;
    // Adds a job with the next id, all else empty. The caller fills it before unlocking.
    Job *insert();
    // For the worker itself: its job stays its job when somebody detached it.
    Job *find_working(JobId id) const;

    Crew *crew(Oid database, Oid role) const; // null when there is none
    Crew &require_crew(Oid database, Oid role);
    void drop_empty_crews();

    WorkerSlot *workers() const; // ControlSegment::worker_slots of them

    Wakeups wake;

  private:
    LockGuard guard_; // after `wake`: released before the wake-ups go out
};

inline ConditionVariable *waiting_room(JobId id) {
    return &segment().job_changed[static_cast<uint64>(id) % waiting_rooms];
}

// What an erased job leaves behind, to be given back once the lock is released: files take time.
struct Remains {
    dsa_pointer request, error, row_type, first_block, first_notice;
    bool has_file;
    FileSet files;
};

// Takes a finished job out of the table. Lock held exclusively.
Remains take_out(Locked &locked, Job *job);

// Lock not held.
void give_back(Remains &remains);

// An upper bound of how many jobs can be named. Lock held.
inline std::size_t jobs_in_sight() noexcept {
    const ControlSegment &s = segment();
    return std::size_t{0} + s.queued + s.running + s.retained;
}

// Calls f(const Job &) for each job, detached ones too. Lock held; f is plain C.
template <class F> void for_each_job(const Locked &, F f) {
    call([&] {
        dshash_seq_status scan;
        dshash_seq_init(&scan, job_table(), false);
        while (const auto *job = static_cast<const Job *>(dshash_seq_next(&scan)))
            f(*job);
        dshash_seq_term(&scan);
    });
}

} // namespace pgcrew::bgjob
