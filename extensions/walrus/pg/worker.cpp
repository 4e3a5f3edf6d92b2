#include "pg/worker.hpp"

#include "pg/controller.hpp"
#include "pg/messages.hpp"
#include "pgcrew/compat.hpp"
#include "pgcrew/memory.hpp"

extern "C" {
#include <storage/ipc.h>
#include <utils/guc.h>
}

namespace pgcrew::walrus {
namespace {

// Whatever ends the worker, its picture says so.
void forget_worker(int, Datum) {
    Shared &s = *shared();
    const LockGuard guard(&s.lock, LW_EXCLUSIVE);
    if (s.picture.pid == MyProcPid)
        s.picture.pid = 0;
}

void announce_worker() {
    call([] { before_shmem_exit(callback<&forget_worker>, 0); });
    Shared &s = *shared();
    const LockGuard guard(&s.lock, LW_EXCLUSIVE);
    s.picture.pid = MyProcPid;
}

// Sessions that asked a worker which has died get an answer.
void refuse_old_requests() {
    while (next_request() != Request::None)
        answer({Outcome::Failed, sqlstate::object_not_in_prerequisite_state.packed(),
                "the walrus worker was restarted", "Try again.", 0, 0});
}

void run(Worker &worker) {
    OwnedMemory memory("walrus tick");
    const MemoryScope scope(memory.get());
    const uint32 wait_event = call([] { return compat::new_wait_event("WalrusMain"); });
    Controller controller(worker, wait_event);
    const SystemClock clock;
    std::int64_t due = 0;
    while (!worker.stop_requested()) {
        if (clock.monotonic() >= due) {
            controller.tick();
            memory.reset();
            due = clock.monotonic() + std::chrono::microseconds(controller.tick_interval()).count();
        }
        controller.serve_requests();
        const std::int64_t rest_ms = (due - clock.monotonic() + 999) / 1000;
        if (worker.wait(std::chrono::milliseconds(std::max<std::int64_t>(rest_ms, 0)),
                        wait_event) != Worker::Wake::Reload)
            continue;
        controller.reloaded(); // no sample: only time makes one
        due = std::min(due, clock.monotonic() +
                                std::chrono::microseconds(controller.tick_interval()).count());
    }
    controller.save();
}
} // namespace

void register_worker() {
    pgcrew::register_worker({.name = "pg_walrus",
                             .type = "pg_walrus",
                             .library = "walrus",
                             .entry = "walrus_worker_main",
                             .restart_after = std::chrono::seconds(1),
                             .start_time = WorkerSpec::Start::ConsistentState});
}

PGCREW_WORKER(walrus_worker_main, OnTerm::Flag) {
    worker.connect(nullptr);
    call([] {
        SetConfigOption("application_name", "pg_walrus", PGC_USERSET, PGC_S_SESSION);
        compat::ignore_signal(SIGINT); // there is no query to cancel
    });
    announce_worker();
    refuse_old_requests();
    messages::started();
    run(worker);
    messages::shutting_down();
}
} // namespace pgcrew::walrus
