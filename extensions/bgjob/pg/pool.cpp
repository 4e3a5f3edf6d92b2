#include "pg/pool.hpp"

#include "pg/settings.hpp"

namespace pgcrew::bgjob {

Datum slot_argument(int slot, uint32 generation) {
    return UInt64GetDatum((static_cast<uint64>(generation) << 32) | static_cast<uint32>(slot));
}
int slot_of(Datum argument) { return static_cast<int>(DatumGetUInt64(argument) & 0xFFFFFFFFU); }
uint32 generation_of(Datum argument) { return static_cast<uint32>(DatumGetUInt64(argument) >> 32); }

void dismiss(WorkerSlot &worker) {
    worker.dismissed = true;
    SetLatch(&worker.proc->procLatch);
}

void free_slot(Locked &locked, int slot) {
    WorkerSlot &worker = locked.workers()[slot];
    if (Crew *crew = locked.crew(worker.database, worker.role))
        --crew->workers;
    const uint32 generation = worker.generation;
    worker = WorkerSlot{};
    worker.generation = generation;
    locked.drop_empty_crews();
}

namespace {

// A slot in state Starting, or -1.
int take_slot(Oid database, Oid role) {
    Locked locked(LW_EXCLUSIVE);
    WorkerSlot *workers = locked.workers();
    int in_use = 0, slot = -1;
    for (int i = 0; i < segment().worker_slots; ++i) {
        if (workers[i].state != WorkerState::Free)
            ++in_use;
        else if (slot < 0)
            slot = i;
    }
    if (slot < 0 || (settings::max_workers >= 0 && in_use >= settings::max_workers))
        return -1;
    WorkerSlot &worker = workers[slot];
    worker.state = WorkerState::Starting;
    ++worker.generation;
    worker.database = database;
    worker.role = role;
    worker.started_at = worker.since = GetCurrentTimestamp();
    worker.processor_share = 1; // until it is known
    Crew &crew = locked.require_crew(database, role);
    crew.backlog_since = worker.since;
    ++crew.workers;
    return slot;
}

} // namespace

std::optional<StartedWorker> start_worker_in_slot(Oid database, Oid role) {
    const int slot = take_slot(database, role);
    if (slot < 0)
        return std::nullopt;
    uint32 generation;
    {
        Locked locked(LW_SHARED);
        generation = locked.workers()[slot].generation;
    }
    std::optional<WorkerHandle> handle =
        start_worker({.name = "bgjob worker",
                      .type = "bgjob worker",
                      .library = "bgjob",
                      .entry = "bgjob_worker_main",
                      .arg = slot_argument(slot, generation),
                      .extra = {},
                      .start_time = WorkerSpec::Start::ConsistentState});
    if (!handle) {
        Locked locked(LW_EXCLUSIVE);
        free_slot(locked, slot);
        return std::nullopt;
    }
    Locked locked(LW_EXCLUSIVE);
    ++segment().counters.workers_started;
    if (Crew *crew = locked.crew(database, role))
        crew->served_at = GetCurrentTimestamp();
    return StartedWorker{slot, generation, std::move(*handle)};
}

} // namespace pgcrew::bgjob
