// Calls of the contract's functions, counted while bgjob.duroxide_metrics is on.
#pragma once
#include "pg/duroxide/shared_schema.hpp"
#include "pg/settings.hpp"

extern "C" {
#include <fmgr.h>
}

namespace pgcrew::bgjob::duroxide {

// For the time of a call, which is counted unless it fails.
class CallCounter : NoCopy {
  public:
    CallCounter(FunctionCallInfo fcinfo, Function function) noexcept
        : fcinfo_(fcinfo), function_(function),
          began_(settings::duroxide_metrics ? GetCurrentTimestamp() : 0) {}
    ~CallCounter() {
        if (began_ != 0 && !tainted() && std::uncaught_exceptions() == 0)
            add();
    }
    // It was a fetch, and found something.
    void loaded() noexcept { loaded_ = true; }

  private:
    void add() noexcept;
    FunctionCallInfo fcinfo_;
    Function function_;
    TimestampTz began_;
    bool loaded_ = false;
};

} // namespace pgcrew::bgjob::duroxide
