#include "pg/sleeper.hpp"

#include "pgcrew/compat.hpp"

namespace pgcrew::bgjob {

Sleeper::Sleeper(ConditionVariable *room) : room_(room) {
    call([&] { ConditionVariablePrepareToSleep(room_); });
}

void Sleeper::sleep(int64 limit_ms) const {
    static uint32 wait_event = 0;
    call([&] {
        if (wait_event == 0)
            wait_event = compat::new_wait_event("BgjobWait");
        (void)ConditionVariableTimedSleep(
            room_, limit_ms < 0 ? -1 : static_cast<long>(Min(limit_ms, INT_MAX)), wait_event);
    });
}

} // namespace pgcrew::bgjob
