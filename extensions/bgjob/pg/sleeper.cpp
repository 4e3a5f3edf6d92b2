#include "pg/sleeper.hpp"

#include "pgcrew/compat.hpp"
#include "pgcrew/spin.hpp"

#include <climits>
#include <utility>

namespace pgcrew::bgjob {

namespace {
bool answer_expected = false;
}

void expect_answer(bool soon) noexcept { answer_expected = soon; }

Sleeper::Sleeper(ConditionVariable *room)
    : room_(room), changes_(pg_atomic_read_u64(&segment().changes)) {
    call([&] { ConditionVariablePrepareToSleep(room_); });
}

void Sleeper::sleep(int64 limit_ms) {
    const auto changed = [this] { return pg_atomic_read_u64(&segment().changes) != changes_; };
    if (std::exchange(answer_expected, false) && spin_until(std::chrono::microseconds(50), changed))
        return;
    static uint32 wait_event = 0;
    call([&] {
        if (wait_event == 0)
            wait_event = compat::new_wait_event("BgjobWait");
        (void)ConditionVariableTimedSleep(
            room_, limit_ms < 0 ? -1 : static_cast<long>(Min(limit_ms, INT_MAX)), wait_event);
    });
}

} // namespace pgcrew::bgjob
