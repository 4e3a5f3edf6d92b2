// The control law: settings, surroundings, one sample and the state so far in; a decision with its
// reason out. Pure: no clock, no server. Two laws share window, limits and shrinking:
//
//   rate      sizes max_wal_size from the WAL written per checkpoint_timeout, before the first
//             forced checkpoint where it can
//   classic   current * (forced + 1) when at least `threshold` checkpoints were forced by WAL
//             within one checkpoint_timeout: pg_walrus's rule
//
// Times are monotonic microseconds, sizes of max_wal_size MB, all else bytes.
#pragma once
#include "core/demand.hpp"
#include "core/sizing.hpp"

#include <cstdint>
#include <deque>
#include <optional>

namespace pgcrew::walrus {

enum class Algorithm { Rate, Classic };

struct Config {
    Algorithm algorithm = Algorithm::Rate;
    int max_mb = 4096;           // walrus.max
    int threshold = 2;           // walrus.threshold
    bool shrink = true;          // walrus.shrink_enable
    double shrink_factor = 0.75; // walrus.shrink_factor
    int shrink_intervals = 5;    // walrus.shrink_intervals
    int min_size_mb = 1024;      // walrus.min_size: floor of shrinking
    int cooldown_s = 300;        // walrus.cooldown_sec, 0: none
    int max_changes_per_hour = 4;
    double disk_share = 0; // of the filesystem of pg_wal, 0: 0.6 of its own, 0.25 of a shared one
    int recovery_s = 0;    // walrus.recovery_budget, 0: none
    bool advise = false;   // decide, but never to apply
    std::int64_t lookback_us = 24LL * 3600 * 1000000;
};

// What stands around the server, looked at with each sample. Plain data: it is copied into shared
// memory.
struct Environment {
    Geometry geometry{};
    std::int64_t timeout_us = 300LL * 1000000; // checkpoint_timeout
    int current_mb = 1024;                     // max_wal_size in force
    int min_wal_size_mb = 80;
    std::int64_t disk_free = -1;   // bytes that the server may still use there, -1: unknown
    std::int64_t wal_used = 0;     // bytes in pg_wal
    std::int64_t wal_retained = 0; // of them kept for slots, archiver or wal_keep_size
    bool own_filesystem = false;   // pg_wal is a mount of its own
    std::int64_t replay_rate = 0;  // bytes a second, 0: not known
    bool in_recovery = false;
};

enum class Action {
    Hold,
    Increase,
    Decrease,
    Capped, // wants more, and is at a limit
    Skipped // wants a change, and may not yet
};

enum class Reason {
    Enough,          // the trigger is out of reach
    WarmingUp,       // the window is too short
    WindowRestarted, // a counter, the location or the clock went back, or checkpoint_timeout
                     // changed
    ExternalChange,  // somebody else set max_wal_size
    Forced,          // checkpoints were forced by WAL
    HighUtilisation, // about to be forced
    LowDemand,       // quiet for long enough to shrink
    Deadband,        // the difference is not worth a change
    Cooldown,        // too soon after the last change
    HourlyLimit,     // too many changes within an hour
    Advised          // already said, and nothing has changed since
};

enum class Limit { None, Max, Disk, Recovery };

// Plain data: it is copied into shared memory.
struct Decision {
    Action action = Action::Hold;
    Reason reason = Reason::WarmingUp;
    int current_mb = 0;
    int target_mb = 0; // what to set; the current size unless Increase or Decrease
    int want_mb = 0;   // what the demand asks for, before any limit; 0: not known
    int recommended_mb =
        0; // want within floor and cap, whatever the action; current while not known
    int floor_mb = 0, cap_mb = 0;
    Limit limit = Limit::None; // which limit sets cap_mb
    bool apply = false;        // false in advise mode and on a standby
    bool refines = false;      // follows an Increase within a checkpoint_timeout: not counted again
    bool full_window =
        false; // the window spans a checkpoint_timeout; else the demand is extrapolated
    std::int64_t window_us = 0;
    std::int64_t demand = 0;                        // bytes of WAL per checkpoint_timeout
    std::int64_t peak = 0;                          // the most of it within the lookback
    std::int64_t trigger = 0;                       // bytes that force a checkpoint
    std::uint64_t forced = 0, timed = 0, other = 0; // within the window
    std::int64_t wait_us = 0;                       // Skipped: until it may
    int quiet_intervals = 0;
    int changes_this_hour = 0;
};

// The demand asks for more than the limit allows.
inline bool limited(const Decision &d) noexcept { return d.want_mb > d.cap_mb; }

// What the law remembers. restart_window() forgets the window alone, a new State all.
struct State {
    DemandWindow window;
    PeakHistory peaks;
    std::int64_t last_change = 0;       // 0: never
    std::int64_t last_increase = 0;     // that refines no other, 0: never
    std::deque<std::int64_t> changes;   // of the last hour
    int known_mb = 0;                   // max_wal_size as last seen or set, 0: not yet
    int external_mb = 0;                // set by others: floor of shrinking, 0: none
    int advised_mb = 0;                 // target last advised, 0: none
    std::int64_t advised_at = 0;        // when the demand last asked for it
    bool in_recovery = false;           // at the last sample
    std::optional<Sample> evidence;     // forced checkpoints count since this sample
    std::optional<Sample> classic_look; // of the classic law
    void restart_window() {
        window = {};
        evidence.reset();
        classic_look.reset();
    }
};

// Looks at one sample. Changes nothing but `state`; a change it decides counts only once applied()
// has been told.
Decision step(const Config &, const Environment &, State &state, const Sample &);

// The change that step() decided is in force since `at`.
void applied(State &state, const Decision &, std::int64_t at);

// pg_walrus's rule: current * (forced + 1), saturating at INT_MAX. forced <= 0 changes nothing.
int classic_target(int current_mb, std::int64_t forced) noexcept;

// The limits in force: no size below floor or above cap.
struct Bounds {
    int floor_mb, cap_mb;
    Limit limit;
};
Bounds bounds(const Config &, const Environment &) noexcept;
} // namespace pgcrew::walrus
