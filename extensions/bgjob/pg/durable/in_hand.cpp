#include "pg/durable/in_hand.hpp"

#include "core/copy_text.hpp"
#include "pg/durable/in_flight.hpp"

#include <csignal>

extern "C" {
#include <miscadmin.h>
#include <storage/ipc.h>
}

namespace pgcrew::bgjob {
namespace {

WorkerSlot *me = nullptr;

void leave(int, Datum) { note_in_flight(0); }

// No later cancel finds the job, and one that was on its way does not reach the next.
void stop_listening() {
    const Locked locked(LW_EXCLUSIVE);
    me->durable = 0;
    QueryCancelPending = false;
}

} // namespace

void take_place(WorkerSlot *slot, int number) {
    me = slot;
    open_in_flight_file(number);
    call([] { before_shmem_exit(callback<&leave>, 0); });
}

InHand::InHand(JobId job) {
    note_in_flight(job);
    const Locked locked(LW_EXCLUSIVE);
    me->cancel_wanted = false;
    me->durable = job;
    me->durable_since = GetCurrentTimestamp();
    QueryCancelPending = false;
}

InHand::~InHand() {
    try {
        stop_listening();
    } catch (...) { // the lock cannot be had: the process is about to die
    }
    note_in_flight(0);
}

bool cancel_wanted() noexcept { return me != nullptr && me->cancel_wanted; }

std::optional<std::string> let_go() {
    stop_listening();
    if (!me->cancel_wanted)
        return std::nullopt;
    return std::string(me->cancel_reason);
}

bool interrupt_job(const Locked &locked, Oid database, const CancelWish &wish) {
    WorkerSlot *workers = locked.workers();
    for (int i = 0; i < segment().worker_slots; ++i) {
        WorkerSlot &worker = workers[i];
        if (worker.durable != wish.job || worker.database != database || worker.proc == nullptr)
            continue;
        worker.cancel_wanted = true;
        copy_text(worker.cancel_reason, wish.reason);
        kill(worker.pid, SIGINT);
        return true;
    }
    return false;
}

} // namespace pgcrew::bgjob
