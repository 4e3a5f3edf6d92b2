// What the files of the module share.
#pragma once
#include "pgcrew/guards.hpp"

#include <cstdint>

namespace selftest {

// Counts its living copies: whatever unwinds must bring the count back.
struct Probe : pgcrew::NoCopy {
    Probe() { ++alive; }
    ~Probe() {
        --alive;
        ++destroyed;
    }
    static inline std::int64_t alive = 0, destroyed = 0;
};

// An error of the server's own making; only within call().
Datum divide_by_zero();

extern int naptime;       // selftest.naptime, ms between two looks of the worker
extern int worker_action; // selftest.worker_action
enum WorkerAction { Nothing, Throw, ServerFailure, Rollback, Return };

void request_shared_state();
void register_at_preload();
void wait_at_gate();
} // namespace selftest
