// What the processes of walrus share: counts written by the log hook, the picture the worker
// publishes after each look, the last events, the recorded demand, and requests to the worker.
//
// The counts are atomics of their own: the hook runs inside ereport() and takes no lock. All else
// is guarded by `lock`.
#pragma once
#include "core/causes.hpp"
#include "core/demand.hpp"
#include "core/events.hpp"
#include "core/law.hpp"
#include "pgcrew/guards.hpp"
#include "pgcrew/shmem.hpp"

#include <string_view>

extern "C" {
#include <port/atomics.h>
#include <storage/condition_variable.h>
#include <storage/lwlock.h>
}

namespace pgcrew::walrus {

// Copies as much as fits.
template <std::size_t N> void put_text(char (&to)[N], std::string_view from) noexcept {
    const std::size_t n = from.size() < N ? from.size() : N - 1;
    std::memcpy(to, from.data(), n);
    to[n] = '\0';
}

// Why walrus does not apply what it decides.
enum class Standing {
    Active,
    Off,         // walrus.enable or walrus.mode = off
    Advising,    // walrus.mode = advise or walrus.dry_run
    Standby,     // in recovery
    Overridden,  // max_wal_size comes from a source that ALTER SYSTEM does not reach
    WriteFailed, // ALTER SYSTEM failed; retried
    NotTaken     // written, and the server did not take it; retried
};
const char *name(Standing) noexcept; // "active", "off", "advising", ...

// As in pg_settings, of max_wal_size.
struct SettingOrigin {
    char source[32];
    char file[1024]; // empty: none
    int line;
};

// The value found before the first change, for restore().
struct Original {
    bool known;
    bool was_set; // by ALTER SYSTEM; otherwise restore() resets
    int size_mb;
};

struct Failure {
    int sqlstate; // 0: none
    char message[256];
};

// The worker's picture of the last look. Times are microseconds since the Unix epoch, 0: never.
struct Picture {
    int pid; // 0: the worker does not run
    std::int64_t checked_at, adjusted_at;
    std::int64_t total_adjustments;
    Standing standing;
    Decision decision;
    Environment environment;
    SettingOrigin origin;
    Original original;
    Failure failure;       // of the last apply, while it matters
    std::int64_t retry_at; // WriteFailed, NotTaken: when it tries again
    std::int64_t cooldown_until;
    std::int64_t hour_began; // the oldest change of the last hour
    bool exact_causes;       // the log hook sees checkpoints; else they are inferred
    std::int64_t requested;  // checkpoints not by time, by the server's own statistics
};

enum class Request { None, Apply, Restore, Reset };
enum class Outcome { Done, Nothing, Refused, Failed };

// A session's request and the worker's answer; ticket N stands at N % slots.
struct RequestSlot {
    std::uint64_t ticket;
    Request request;
    Outcome outcome;
    int sqlstate; // packed; of Refused and Failed
    char message[256], hint[256];
    int old_mb, new_mb;
};

struct CauseCount {
    pg_atomic_uint64 count;
    pg_atomic_uint64 last_at; // microseconds since the Unix epoch, 0: never
};

struct Shared {
    static constexpr int ring = 256, slots = 16;

    // written by the log hook
    CauseCount checkpoints[causes], restartpoints[causes];
    pg_atomic_uint64 replay_rate; // bytes a second, learned from redo after a crash; 0: not known
    // written by the worker in place of the hook where the server does not log checkpoints
    pg_atomic_uint64 inferred[causes];

    LWLock lock;
    ConditionVariable answered; // a request
    Picture picture;
    Event events[ring]; // event `id` stands at id % ring
    std::int64_t last_event;
    std::int64_t recorded_event; // the last one in the history table, or that had no table
    std::int64_t recorder_runs;  // that ended well
    MinuteLog minutes;
    RequestSlot requests[slots];
    std::uint64_t asked, served; // tickets

    static void init(Shared &, int tranche_id) noexcept;
};

// Null: walrus is not preloaded.
Shared *shared() noexcept;
void request_shared_memory(); // from _PG_init

// A copy of the picture; 55000 when walrus is not preloaded.
Picture look();
} // namespace pgcrew::walrus
