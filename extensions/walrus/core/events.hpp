// What happened, for the event ring, the history table and the log. Plain data.
#pragma once
#include "core/law.hpp"

#include <cstdint>
#include <string>

namespace pgcrew::walrus {

enum class EventKind {
    Increase, // max_wal_size was raised
    Decrease, // and lowered
    Capped,   // wants more than a limit allows
    DryRun,   // decided, not applied: walrus.mode = advise or walrus.dry_run
    Skipped,  // wants a change, and may not yet
    External, // somebody else set max_wal_size
    Failed,   // ALTER SYSTEM failed
    Ignored,  // ALTER SYSTEM worked, and the server did not take the value
    Restored, // walrus.restore()
    Reset     // walrus.reset()
};
const char *name(EventKind) noexcept; // as in walrus.history.action

struct Event {
    std::int64_t id = 0; // 1, 2, ... in the life of the shared memory
    std::int64_t at = 0; // microseconds since the Unix epoch
    EventKind kind = EventKind::Increase;
    int old_mb = 0, new_mb = 0;
    std::int64_t timeout_us = 0; // checkpoint_timeout
    Decision decision{};         // what led to it
    int sqlstate = 0;            // packed; of Failed
};

// One plain sentence.
std::string sentence(const Event &);
} // namespace pgcrew::walrus
