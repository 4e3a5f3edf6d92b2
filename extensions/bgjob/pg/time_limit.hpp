// A limit for how long SQL of a job may run: the server's statement timeout. One within another
// ends no later than that.
#pragma once
#include "pgcrew/guards.hpp"

#include <climits>

extern "C" {
#include <storage/proc.h>
#include <utils/timeout.h>
#include <utils/timestamp.h>
}

namespace pgcrew::bgjob {

class TimeLimit : NoCopy {
  public:
    explicit TimeLimit(int64 ms) : on_(ms > 0) { // none if not positive
        if (!on_)
            return;
        call([&] {
            if (get_timeout_active(STATEMENT_TIMEOUT))
                outer_ = get_timeout_finish_time(STATEMENT_TIMEOUT);
            const TimestampTz end = GetCurrentTimestamp() + Min(ms, int64{INT_MAX}) * 1000;
            enable_timeout_at(STATEMENT_TIMEOUT, outer_ != 0 ? Min(outer_, end) : end);
        });
    }
    ~TimeLimit() {
        if (on_)
            cleanup("ending a job's time limit", [outer = outer_] {
                disable_timeout(STATEMENT_TIMEOUT, false);
                if (outer != 0)
                    enable_timeout_at(STATEMENT_TIMEOUT, outer);
            });
    }

  private:
    bool on_;
    TimestampTz outer_ = 0; // 0: none
};

// The limit of a job, a run of a workflow or a step that has this one of its own (0: none): the
// role's statement_timeout if that is shorter.
inline int64 with_statement_timeout(int64 ms) noexcept {
    return StatementTimeout > 0 && (ms <= 0 || StatementTimeout < ms) ? StatementTimeout : ms;
}

} // namespace pgcrew::bgjob
