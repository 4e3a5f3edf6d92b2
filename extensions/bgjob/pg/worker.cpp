// A worker of the pool: one process, one database, one role, job after job.
//
//   starting -> idle <-> busy -> resetting -> (next job | idle | leaves)
//
// It is connected as the role that launched its jobs, so session_user truly is that role and there
// is nothing to escape to. Between jobs it puts its session back as DISCARD ALL would, but for the
// plan caches. What must happen when the process dies stands in depart(), a before_shmem_exit
// callback, because FATAL runs no destructor: a job that was running is then lost.
#include "pg/worker.hpp"

#include "core/copy_text.hpp"
#include "core/fairness.hpp"
#include "pg/durable/in_hand.hpp"
#include "pg/durable/run_durable.hpp"
#include "pg/durable/tickets.hpp"
#include "pg/error_of_job.hpp"
#include "pg/last_words.hpp"
#include "pg/notices.hpp"
#include "pg/pool.hpp"
#include "pg/preview.hpp"
#include "pg/processor_share.hpp"
#include "pg/run_sql.hpp"
#include "pg/session_state.hpp"
#include "pg/settings.hpp"
#include "pg/spool_writer.hpp"
#include "pg/supervisor.hpp"
#include "pg/time_limit.hpp"
#include "pgcrew/compat.hpp"
#include "pgcrew/memory.hpp"
#include "pgcrew/spin.hpp"
#include "pgcrew/xact.hpp"

#include <optional>
#include <utility>
#include <vector>

extern "C" {
#include <access/xact.h>
#include <access/xlog.h>
#include <mb/pg_wchar.h>
#include <pgstat.h>
#include <postmaster/interrupt.h>
#include <storage/ipc.h>
#include <storage/latch.h>
#include <tcop/tcopprot.h>
}

namespace pgcrew::bgjob {
namespace {

int my_slot = -1;
uint32 my_generation = 0;
JobId my_job = 0;                 // while its SQL runs
const char *my_context = nullptr; // of its errors

WorkerSlot &slot(const Locked &locked) { return locked.workers()[my_slot]; }

// --- death ----------------------------------------------------------------------------------

Error cause_of_death() {
    if (last_words().sqlstate != 0)
        return Error(SqlState(last_words().sqlstate), last_words().message);
    return Error(SqlState{"57P01"}, "the background worker ended");
}

// The worker could not even connect: its crew's jobs have no chance when the database or the role
// is gone; otherwise the oldest pays for this attempt.
void fail_jobs_of_crew(Oid database, Oid role) {
    const bool hopeless = last_words().sqlstate == SqlState{"3D000"}.packed() ||
                          last_words().sqlstate == SqlState{"28000"}.packed();
    for (;;) {
        JobId oldest;
        {
            Locked locked(LW_SHARED);
            const Crew *crew = locked.crew(database, role);
            oldest = crew != nullptr ? crew->first : 0;
        }
        if (oldest == 0)
            return;
        fail_queued_job(oldest, cause_of_death());
        if (!hopeless)
            return;
    }
}

// A job that was handed over but never began goes back to the head of its queue.
bool give_back_unstarted(JobId id) {
    Locked locked(LW_EXCLUSIVE);
    Job *job = locked.find_working(id);
    if (job->state != JobState::Starting)
        return false;
    requeue(locked, *job);
    return true;
}

void depart(int, Datum) {
    if (my_slot < 0)
        return;
    LWLockReleaseAll(); // after an error outside a transaction some may still be held
    const bool server_stops = server_is_stopping();
    JobId job = 0;
    bool never_connected = false;
    Oid database, role;
    {
        Locked locked(LW_EXCLUSIVE);
        WorkerSlot &me = slot(locked);
        if (me.generation != my_generation || me.proc != MyProc)
            return;
        job = me.job;
        never_connected = me.state == WorkerState::Starting;
        database = me.database;
        role = me.role;
    }
    if (job != 0 && !give_back_unstarted(job))
        finish_with_error(job, JobState::Lost, cause_of_death(), my_context);
    else if (never_connected && last_words().sqlstate != 0)
        fail_jobs_of_crew(database, role);
    {
        Locked locked(LW_EXCLUSIVE);
        if (last_words().sqlstate != 0 && !server_stops)
            note_death(locked, slot(locked), last_words().sqlstate);
        lose_tickets(locked, slot(locked));
    }
    Locked locked(LW_EXCLUSIVE);
    if (Crew *crew = locked.crew(database, role); crew != nullptr && never_connected)
        put_off_start(*crew, last_words().sqlstate);
    free_slot(locked, my_slot);
    wake_supervisor(locked);
}

// --- one job --------------------------------------------------------------------------------

struct Assignment {
    std::string settings, sql;
    int64 timeout_ms = 0;
};

// Marks the job running and copies what it is; empty when it was cancelled before it ran.
std::optional<Assignment> begin(JobId id) {
    Assignment a;
    Locked locked(LW_EXCLUSIVE);
    QueryCancelPending = false; // a cancel meant for an earlier job
    Job &job = *locked.find_working(id);
    if (job.cancel_requested)
        return std::nullopt;
    const char *request = call([&] { return address<char>(job.request); });
    a.settings.assign(request, job.settings_size);
    a.sql.assign(request + job.settings_size, job.sql_size);
    a.timeout_ms = job.timeout_ms;
    start_running(locked, job);
    return a;
}

// The limit for the whole job: its own, or the session's statement_timeout if that is shorter.
int64 time_limit(const Assignment &a) {
    if (StatementTimeout > 0 && (a.timeout_ms == 0 || StatementTimeout < a.timeout_ms))
        return StatementTimeout;
    return a.timeout_ms;
}

class DebugQuery : NoCopy { // what the log shows as STATEMENT
  public:
    explicit DebugQuery(const std::string &sql) noexcept { debug_query_string = sql.c_str(); }
    ~DebugQuery() { debug_query_string = nullptr; }
};

struct Outcome {
    JobState state = JobState::Succeeded;
    std::string command_tag;
    std::optional<ServerErrorData> error;
    bool timed_out = false;
};

void write_context(void *text) { errcontext("%s", static_cast<const char *>(text)); }

void log_job(const char *what, JobId id) {
    if (settings::log_jobs)
        call([&] { ereport(LOG, (errmsg("job %lld %s", static_cast<long long>(id), what))); });
}

Outcome execute(JobId id, const Assignment &a, SessionState &session) {
    Outcome outcome;
    const TimestampTz start = GetCurrentTimestamp();
    int64 limit = 0; // ms; known once the session's settings are
    std::string context = "background worker with PID " + std::to_string(MyProcPid) + ", job " +
                          std::to_string(id) + ": \"" + preview(a.sql, settings::preview_length) +
                          "\"";
    my_context = context.c_str();
    const DebugQuery query(a.sql);
    try {
        const ErrorContextScope scope(write_context, context.data());
        session.become(a.settings);
        limit = time_limit(a);
        log_job("started", id);
        const OwnedMemory memory("bgjob job", TopMemoryContext);
        const TimeLimit time(limit);
        SpoolWriter output(id);
        outcome.command_tag = in_transaction([&] {
            // Not a scope: a procedure's COMMIT ends the context that was current before.
            MemoryContextSwitchTo(memory.get());
            std::string tag = run_sql(a.sql, output);
            check_for_interrupts(); // the last chance for a cancel
            return tag;
        });
    } catch (...) { // whatever it was, it is the job's and not the worker's
        outcome.error = describe_current_exception();
    }
    if (outcome.error) {
        if (!outcome.error->context)
            outcome.error->context = context; // our own exceptions pass no error context stack
        const bool cancelled = outcome.error->state == sqlstate::query_canceled;
        outcome.timed_out = cancelled && limit > 0 && GetCurrentTimestamp() - start >= limit * 1000;
        outcome.state = cancelled && !outcome.timed_out ? JobState::Cancelled : JobState::Failed;
        log_server_error(*outcome.error);
    }
    my_context = nullptr;
    return outcome;
}

void conclude(JobId id, const Outcome &outcome) {
    PackedError error(outcome.error ? &*outcome.error : nullptr);
    Remains remains{};
    bool gone;
    {
        Locked locked(LW_EXCLUSIVE);
        Job &job = *locked.find_working(id);
        copy_text(job.command_tag, outcome.command_tag);
        job.timed_out = outcome.timed_out;
        error.move_into(job);
        WorkerSlot &me = slot(locked);
        me.state = WorkerState::Resetting;
        me.job = 0;
        ++me.jobs_done;
        gone = finish(locked, job, outcome.state);
        if (gone)
            remains = take_out(locked, &job);
    }
    if (gone)
        give_back(remains);
}

void run_job(JobId id, SessionState &session) {
    const std::optional<Assignment> assignment = begin(id);
    Outcome outcome;
    if (assignment) {
        my_job = id;
        call([&] { pgstat_report_activity(STATE_RUNNING, assignment->sql.c_str()); });
        const NoticeCapture notices(id);
        outcome = execute(id, *assignment, session);
        my_job = 0;
    } else {
        outcome.state = JobState::Cancelled;
        outcome.error = describe(cancelled_before_it_ran());
    }
    conclude(id, outcome);
    log_job(name(outcome.state), id);
    if (assignment)
        session.reset();
}

// --- durable jobs ---------------------------------------------------------------------------

ProcessorShare &processor_share() {
    static ProcessorShare share;
    return share;
}

void run_tickets(WorkerSlot *me, SessionState &session) {
    session.return_to_beginning();
    std::vector<JobId> statements, workflows;
    statements.reserve(worker_tickets);
    for (int i = 0; i < me->tickets; ++i)
        (me->ticket[i].workflow ? workflows : statements).push_back(me->ticket[i].job);
    if (statements.size() > 1)
        run_durable_group(statements);
    else if (!statements.empty())
        run_durable(statements.front(), false);
    if (!statements.empty())
        session.reset_after_durable(false);
    for (const JobId id : workflows) {
        run_durable(id, true);
        session.reset_after_durable(true);
    }
    const float share = processor_share().latest();
    Locked locked(LW_EXCLUSIVE);
    me->processor_share = share;
    finish_tickets(locked, *me);
}

// Nobody waits for what a durable job has done, but it shall not stay in memory for longer than
// there is work.
void flush_commits() {
    if (XactLastCommitEnd != InvalidXLogRecPtr)
        XLogFlush(std::exchange(XactLastCommitEnd, InvalidXLogRecPtr));
}

// --- between jobs ---------------------------------------------------------------------------

enum class Next { Job, Tickets, Wait, Leave };

// A worker with more to do keeps its slot this long, for the next one in it costs a process.
constexpr int64 least_service_us = 100000;

bool makes_room(const Locked &locked, const Crew &own, const WorkerSlot &me) {
    const ControlSegment &s = segment();
    if (!s.starving || (s.starving_database == own.database && s.starving_role == own.role))
        return false;
    if (own.first == 0 && own.tickets == 0)
        return true;
    if (GetCurrentTimestamp() - me.started_at < least_service_us)
        return false;
    const Crew *other = locked.crew(s.starving_database, s.starving_role);
    return other != nullptr &&
           gives_way(workers_of_role(locked, own.role), own.workers,
                     workers_of_role(locked, other->role), other->workers, own.role == other->role);
}

Next next_job(JobId &id) {
    Locked locked(LW_EXCLUSIVE);
    WorkerSlot &me = slot(locked);
    if (me.job == 0) {
        Crew &crew = *locked.crew(me.database, me.role);
        crew.failed_starts = 0;
        crew.refusals = crew.last_refusal = 0;
        crew.not_before = 0;
        // Not before it has done something: the crews would push each other out for ever.
        if (me.dismissed || (me.jobs_done > 0 && makes_room(locked, crew, me))) {
            me.state = WorkerState::Resetting;
            me.dismissed = true;
            return Next::Leave;
        }
        if (dequeue(locked, crew, my_slot) == nullptr) {
            if (take_tickets(locked, crew, my_slot))
                return Next::Tickets;
            if (me.state != WorkerState::Idle) {
                me.state = WorkerState::Idle;
                me.since = GetCurrentTimestamp();
            }
            return Next::Wait;
        }
    }
    id = me.job;
    return Next::Job;
}

// False when the idle time is over and nobody handed over a job in the last moment.
bool stays_idle() {
    Locked locked(LW_EXCLUSIVE);
    WorkerSlot &me = slot(locked);
    if (me.job != 0)
        return true;
    me.dismissed = true;
    me.state = WorkerState::Resetting;
    return false;
}

// Sleeps until somebody sets the latch. False when the worker shall leave: dismissed by time, or
// terminated, which is nothing to complain of while idle.
bool wait_for_work(uint32 wait_event, WorkerSlot *me) {
    using Clock = std::chrono::steady_clock;
    // While jobs come thick and fast a worker does not go to sleep between them; a gap that was
    // longer ends that until the next short one.
    constexpr std::chrono::microseconds short_gap{200};
    static bool gap_was_short = false;

    const Clock::time_point start = Clock::now();
    const int events = call([&] {
        pgstat_report_stat(true);
        pgstat_report_activity(STATE_IDLE, nullptr);
        if (gap_was_short)
            spin_until(short_gap, [] { return MyLatch->is_set != 0; });
        if (MyLatch->is_set == 0)
            flush_commits();
        me->asleep = MyLatch->is_set == 0;
        const int e = WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
                                settings::worker_idle_timeout, wait_event);
        me->asleep = false;
        ResetLatch(MyLatch);
        return e;
    });
    const Clock::duration gap = Clock::now() - start;
    gap_was_short = gap < short_gap;
    if (!gap_was_short)
        processor_share().add_pause(gap);
    QueryCancelPending = false;
    if (ProcDiePending)
        return false;
    check_for_interrupts();
    return (events & WL_TIMEOUT) == 0 || stays_idle();
}

// False when the slot has been given up meanwhile.
bool move_in(Datum argument, Oid &database, Oid &role) {
    Locked locked(LW_EXCLUSIVE);
    my_slot = slot_of(argument);
    my_generation = generation_of(argument);
    WorkerSlot &me = slot(locked);
    if (me.state != WorkerState::Starting || me.generation != my_generation || me.proc != nullptr)
        return false;
    me.proc = MyProc;
    me.pid = MyProcPid;
    database = me.database;
    role = me.role;
    return true;
}

} // namespace

JobId running_job() noexcept { return my_job; }

PGCREW_WORKER(bgjob_worker_main, OnTerm::Interrupt) {
    Oid database, role;
    segment();
    call([] { before_shmem_exit(callback<&depart>, 0); });
    if (!move_in(worker.arg(), database, role))
        return;
    keep_last_words();
    worker.connect(database, role, true);
    install_notice_capture();
    const uint32 wait_event = call([] { return compat::new_wait_event("BgjobWorkerIdle"); });
    WorkerSlot *const me = Locked(LW_SHARED).workers() + my_slot; // stays where it is
    take_place(me, my_slot);
    SessionState session;
    for (;;) {
        (void)heed_reload();
        JobId id = 0;
        switch (next_job(id)) {
        case Next::Job:
            run_job(id, session);
            break;
        case Next::Tickets:
            run_tickets(me, session);
            break;
        case Next::Wait:
            if (!wait_for_work(wait_event, me))
                return;
            break;
        case Next::Leave:
            return;
        }
    }
}

} // namespace pgcrew::bgjob
