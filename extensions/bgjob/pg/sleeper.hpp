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
};

// Said at a launch: whether its worker is awake, so that a small job will be done before a sleeper
// would be woken. Counts for the next sleep of this process. Who waits for a worker that must wake
// up does better to leave it the processor.
void expect_answer(bool soon) noexcept;

// A queued job without a supervisor needs one, and there may not have been a slot for it yet: how
// often whoever waits for the job tries again, in ms.
inline constexpr int64 supervisor_check_ms = 1000;

} // namespace pgcrew::bgjob
