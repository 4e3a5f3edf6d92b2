#include "pg/requests.hpp"

extern "C" {
#include <storage/proc.h>
#include <storage/procarray.h>
#include <utils/wait_event.h>
}

namespace pgcrew::walrus {
namespace {

Error no_worker() {
    return Error(sqlstate::object_not_in_prerequisite_state, "the walrus worker is not running", {},
                 "It starts with the server, and again within a few seconds after it ended.");
}

// Wakes the worker; false: there is none.
bool wake(int pid) {
    return pid != 0 && call([&] {
               PGPROC *worker = BackendPidGetProc(pid);
               if (worker == nullptr)
                   return false;
               SetLatch(&worker->procLatch);
               return true;
           });
}

std::uint64_t hand_in(Shared &s, Request request) {
    const LockGuard guard(&s.lock, LW_EXCLUSIVE);
    if (s.asked - s.served >= Shared::slots)
        return 0;
    const std::uint64_t ticket = ++s.asked;
    s.requests[ticket % Shared::slots] = {};
    s.requests[ticket % Shared::slots].ticket = ticket;
    s.requests[ticket % Shared::slots].request = request;
    return ticket;
}

// True once the ticket was served.
bool fetch(Shared &s, std::uint64_t ticket, RequestSlot &into) {
    const LockGuard guard(&s.lock, LW_SHARED);
    into = s.requests[ticket % Shared::slots];
    return s.served >= ticket;
}
} // namespace

Answer ask_worker(Request request) {
    const int pid = look().pid;
    Shared &s = *shared();
    if (pid == 0)
        throw no_worker();
    const std::uint64_t ticket = hand_in(s, request);
    if (ticket == 0)
        throw Error(sqlstate::configuration_limit_exceeded,
                    "too many requests wait for the walrus worker");

    struct Sleep : NoCopy { // in the wait list until the end
        Sleep() {
            call([] { ConditionVariablePrepareToSleep(&shared()->answered); });
        }
        ~Sleep() {
            cleanup("leaving a wait list", [] { ConditionVariableCancelSleep(); });
        }
    };
    RequestSlot slot;
    {
        const Sleep sleep;
        while (!fetch(s, ticket, slot)) {
            if (!wake(look().pid))
                throw no_worker();
            call([&] { ConditionVariableTimedSleep(&s.answered, 1000, PG_WAIT_EXTENSION); });
        }
    }
    if (slot.ticket != ticket)
        throw Error(sqlstate::internal_error, "the answer of the walrus worker was overwritten");
    return {slot.outcome, slot.sqlstate, slot.message, slot.hint, slot.old_mb, slot.new_mb};
}

Request next_request() {
    Shared &s = *shared();
    const LockGuard guard(&s.lock, LW_SHARED);
    return s.served < s.asked ? s.requests[(s.served + 1) % Shared::slots].request : Request::None;
}

void answer(const Answer &given) {
    Shared &s = *shared();
    {
        const LockGuard guard(&s.lock, LW_EXCLUSIVE);
        RequestSlot &slot = s.requests[(s.served + 1) % Shared::slots];
        slot.outcome = given.outcome;
        slot.sqlstate = given.sqlstate;
        put_text(slot.message, given.message);
        put_text(slot.hint, given.hint);
        slot.old_mb = given.old_mb;
        slot.new_mb = given.new_mb;
        ++s.served;
    }
    call([&] { ConditionVariableBroadcast(&s.answered); });
}
} // namespace pgcrew::walrus
