// Slots of the worker pool: getting one, starting a process in it, giving it back.
#pragma once
#include "pg/queue.hpp"
#include "pgcrew/worker.hpp"

#include <optional>

namespace pgcrew::bgjob {

struct StartedWorker {
    int slot;
    uint32 generation;
    WorkerHandle handle;
};

// Takes a slot for the crew and asks the server for a process; empty when the pool or the server
// has none free. The caller is told when the process starts or stops.
std::optional<StartedWorker> start_worker_in_slot(Oid database, Oid role);

// What bgw_main_arg tells the process.
Datum slot_argument(int slot, uint32 generation);
int slot_of(Datum argument);
uint32 generation_of(Datum argument);

// Its idle process is asked to leave. Lock held exclusively.
void dismiss(WorkerSlot &worker);

// The slot is nobody's again. Lock held exclusively.
void free_slot(Locked &locked, int slot);

} // namespace pgcrew::bgjob
