// A procedure that commits in its midst, or wants to know whether it can.
#pragma once
#include "pgcrew/guards.hpp"

extern "C" {
#include <access/xact.h>
#include <executor/spi.h>
#include <fmgr.h>
#include <nodes/parsenodes.h>
}

namespace pgcrew::bgjob {

// What SPI calls non-atomic: SPI_commit() is possible.
class CommittingSession : NoCopy {
  public:
    CommittingSession() {
        call([] { (void)SPI_connect_ext(SPI_OPT_NONATOMIC); });
    }
    ~CommittingSession() {
        if (!tainted())
            cleanup("closing an SPI session", [] { (void)SPI_finish(); });
    }
};

// Not in a function, in a block with EXCEPTION, or in a transaction block.
inline bool can_commit(FunctionCallInfo fcinfo) {
    return fcinfo->context != nullptr && IsA(fcinfo->context, CallContext) &&
           !castNode(CallContext, fcinfo->context)->atomic && !IsSubTransaction();
}

} // namespace pgcrew::bgjob
