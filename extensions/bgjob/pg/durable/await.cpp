// await: a session sleeps on its latch until the job has ended. Its entry in shared memory, one for
// each process, says which job that is; who ends a job looks through the entries, if there are any,
// when its transaction has committed, and writes there how the job ended: the job itself may be
// gone without a trace by then. While it waits a session holds no snapshot, or it would slow down
// the queue that it waits for: that is why it is a procedure, which commits where it can.
#include "pg/durable/await.hpp"

#include "pg/durable/commit_list.hpp"
#include "pg/durable/committing_session.hpp"
#include "pg/durable/flush.hpp"
#include "pg/durable/job_rights.hpp"
#include "pg/durable/job_status.hpp"
#include "pg/sleeper.hpp"
#include "pgcrew/args.hpp"
#include "pgcrew/compat.hpp"

#include <vector>

extern "C" {
#include <access/heapam.h>
#include <access/htup_details.h>
#include <access/xact.h>
#include <executor/spi.h>
#include <miscadmin.h>
#include <nodes/parsenodes.h>
#include <storage/bufmgr.h>
#include <storage/ipc.h>
#include <storage/latch.h>
#include <storage/proc.h>
#include <utils/snapmgr.h>
}

namespace pgcrew::bgjob {
namespace {

// --- who ends a job -------------------------------------------------------------------------

struct Ended {
    JobId job;
    DurableState how;
};

Awaiter *awaiters() {
    return call([] { return address<Awaiter>(segment().awaiters); });
}

void tell(const CommitList<Ended>::Entries &ended) {
    if (pg_atomic_read_u32(&segment().awaiting) == 0)
        return;
    std::vector<PGPROC *> waiters;
    waiters.reserve(static_cast<std::size_t>(segment().processes));
    {
        const Locked locked(LW_EXCLUSIVE);
        Awaiter *entries = awaiters();
        for (int i = 0; i < segment().processes; ++i)
            for (const auto &[e, made_in] : ended)
                if (entries[i].job == e.job && entries[i].database == MyDatabaseId) {
                    entries[i].state = static_cast<int16>(e.how);
                    waiters.push_back(&ProcGlobal->allProcs[i]);
                    break;
                }
    }
    for (PGPROC *waiter : waiters) // one that has left: an idle look by the next
        SetLatch(&waiter->procLatch);
}

// --- who waits ------------------------------------------------------------------------------

Awaiter &own_entry() { return awaiters()[MyProc - ProcGlobal->allProcs]; }

// While this process waits for the job.
class Awaiting : NoCopy {
  public:
    explicit Awaiting(JobId job) {
        static bool registered = false;
        if (!std::exchange(registered, true))
            call([] { before_shmem_exit(callback<&give_up>, 0); });
        const Locked locked(LW_EXCLUSIVE);
        own_entry() = {MyDatabaseId, job, 0};
        pg_atomic_fetch_add_u32(&segment().awaiting, 1);
    }
    ~Awaiting() {
        cleanup("ending a wait", [] { give_up(0, 0); });
    }
    static DurableState how_it_ended() {
        const Locked locked(LW_SHARED);
        return static_cast<DurableState>(own_entry().state);
    }

  private:
    static void give_up(int, Datum) {
        LWLockReleaseAll();
        const Locked locked(LW_EXCLUSIVE);
        Awaiter &own = own_entry();
        if (own.job != 0)
            pg_atomic_fetch_sub_u32(&segment().awaiting, 1);
        own = {};
    }
};

// Ends the caller's transaction, where that is possible, and with it every snapshot.
void let_snapshots_go(bool commit) {
    if (commit)
        call([] {
            (void)SPI_connect_ext(SPI_OPT_NONATOMIC);
            SPI_commit();
            (void)SPI_finish();
        });
    call([] { InvalidateCatalogSnapshot(); });
}

void sleep(int64 limit_ms) {
    static uint32 wait_event = 0;
    call([limit_ms] {
        if (wait_event == 0)
            wait_event = compat::new_wait_event("BgjobAwait");
        (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
                        static_cast<long>(limit_ms), wait_event);
        ResetLatch(MyLatch);
    });
    check_for_interrupts();
}

bool is_of_this_transaction(Relation jobs, ItemPointerData place) {
    return call([&] {
        HeapTupleData tuple{};
        Buffer buffer = InvalidBuffer;
        tuple.t_self = place;
        if (!heap_fetch(jobs, SnapshotAny, &tuple, &buffer, false))
            return false;
        const TransactionId made_by = HeapTupleHeaderGetXmin(tuple.t_data);
        ReleaseBuffer(buffer);
        return TransactionIdIsCurrentTransactionId(made_by);
    });
}

// It will not be run before this transaction has committed, and that waits for its end.
void refuse_own_job(JobId id) {
    PrivateTable jobs("job");
    const std::optional<PrivateRow> row = jobs.find("job_pkey", {id});
    if (row && is_of_this_transaction(jobs.relation(), row->place))
        throw Error(sqlstate::object_not_in_prerequisite_state,
                    "job " + std::to_string(id) + " has not been committed",
                    "It will run when this transaction has ended.",
                    "Commit before you wait for it.");
}

std::string shown(const DurableJob &job) {
    return name(shown_state(job.state, job.due_at, GetCurrentTimestamp(), false));
}

// How a job ended that is not there any more; "ended" if nobody knows. Nothing if it has come back:
// somebody tries it again.
std::optional<std::string> remembered_end(JobId id) {
    const std::optional<EndedJob> known = find_job(id);
    if (!known)
        return "ended";
    if (!may_use_jobs_of(known->job.role))
        throw Error(sqlstate::undefined_object, "job " + std::to_string(id) + " does not exist");
    if (known->ended_at == 0)
        return std::nullopt;
    return name(known->job.state);
}

// How the job ended, or how it is if the time ran out first.
std::string await(JobId id, int64 timeout_ms, bool commit) {
    constexpr int64 look_again_ms = 1000; // should nobody tell
    const TimestampTz start = GetCurrentTimestamp();
    if (!commit)
        refuse_own_job(id);
    const Awaiting awaiting(id);
    for (;;) {
        const std::optional<DurableJob> job = find_live_job(id);
        const DurableState how = Awaiting::how_it_ended();
        if (how != DurableState::None)
            return name(how);
        if (!job) {
            if (std::optional<std::string> end = remembered_end(id))
                return *std::move(end);
            continue;
        }
        const int64 passed_ms = (GetCurrentTimestamp() - start) / 1000;
        if (timeout_ms >= 0 && passed_ms >= timeout_ms)
            return shown(*job);
        let_snapshots_go(commit);
        sleep(timeout_ms < 0 ? look_again_ms : Min(timeout_ms - passed_ms, look_again_ms));
    }
}

} // namespace

void tell_of_end(JobId job, DurableState how) {
    static auto *const ended =
        new CommitList<Ended>("telling of the end of a job", tell); // for ever
    (void)segment();
    ended->add({job, how});
}

PGCREW_FUNCTION(bgjob_await) {
    const Args args(fcinfo);
    const std::optional<int64> timeout = args.opt_interval_ms(2);
    const std::string state =
        await(args.int64(0, "job"), timeout ? Max(*timeout, int64{0}) : -1, can_commit(fcinfo));
    flush_before_telling();
    return Record(fcinfo).make({Value(state)});
}

} // namespace pgcrew::bgjob
