// Sleeping until a job changes.
#pragma once
#include "pg/registry.hpp"

namespace pgcrew::bgjob {

// Prepared to sleep before the condition is looked at, so no change is missed in between.
class Sleeper : NoCopy {
  public:
    explicit Sleeper(ConditionVariable *room);
    ~Sleeper() { ConditionVariableCancelSleep(); }

    // Until woken, or for limit_ms; negative: no limit. Interruptible. The first sleep begins with
    // a short spin.
    void sleep(int64 limit_ms);

  private:
    ConditionVariable *room_;
    const uint64 changes_; // ControlSegment::changes when this began
    bool spun_ = false;
};

// A queued job without a supervisor needs one, and there may not have been a slot for it yet: how
// often whoever waits for the job tries again, in ms.
inline constexpr int64 supervisor_check_ms = 1000;

} // namespace pgcrew::bgjob
