#include "pg/shared.hpp"

namespace pgcrew::walrus {
namespace {
constinit SharedState<Shared> area{"walrus"};
}

void Shared::init(Shared &s, int tranche_id) noexcept {
    for (auto *counts : {s.checkpoints, s.restartpoints})
        for (int i = 0; i < causes; ++i) {
            pg_atomic_init_u64(&counts[i].count, 0);
            pg_atomic_init_u64(&counts[i].last_at, 0);
        }
    pg_atomic_init_u64(&s.replay_rate, 0);
    for (auto &count : s.inferred)
        pg_atomic_init_u64(&count, 0);
    LWLockInitialize(&s.lock, tranche_id);
    ConditionVariableInit(&s.answered);
    s.minutes = {};
}

Shared *shared() noexcept { return area.find(); }

void request_shared_memory() { area.request_if_preloading(); }

Picture look() {
    Shared *s = shared();
    if (s == nullptr)
        throw Error(sqlstate::object_not_in_prerequisite_state, "walrus is not loaded",
                    "It lives in shared memory and a worker of its own.",
                    "Add walrus to shared_preload_libraries and restart the server.");
    const LockGuard guard(&s->lock, LW_SHARED);
    return s->picture;
}

const char *name(Standing standing) noexcept {
    switch (standing) {
    case Standing::Active:
        return "active";
    case Standing::Off:
        return "off";
    case Standing::Advising:
        return "advising";
    case Standing::Standby:
        return "standby";
    case Standing::Overridden:
        return "overridden";
    case Standing::WriteFailed:
        return "write_failed";
    case Standing::NotTaken:
        break;
    }
    return "not_taken";
}
} // namespace pgcrew::walrus
