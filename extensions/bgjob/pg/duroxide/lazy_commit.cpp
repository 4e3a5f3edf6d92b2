#include "pg/duroxide/lazy_commit.hpp"

#include "pg/durable/top_level.hpp"

#include <utility>

extern "C" {
#include <tcop/pquery.h>
}

namespace pgcrew::bgjob::duroxide {
namespace {

int asked_for = SYNCHRONOUS_COMMIT_OFF; // before the running transaction became lazy
bool lazy = false;

void after_transaction(XactEvent event, void *) {
    if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
        lazy = false;
}

const char *name_of(int level) noexcept {
    switch (level) {
    case SYNCHRONOUS_COMMIT_LOCAL_FLUSH:
        return "local";
    case SYNCHRONOUS_COMMIT_REMOTE_WRITE:
        return "remote_write";
    case SYNCHRONOUS_COMMIT_REMOTE_APPLY:
        return "remote_apply";
    default:
        return "on";
    }
}

} // namespace

LazyCommit::LazyCommit() noexcept
    : alone_(!IsTransactionBlock() && !IsSubTransaction() && ActivePortal != nullptr &&
             ActivePortal->commandTag == CMDTAG_SELECT &&
             !TransactionIdIsValid(GetTopTransactionIdIfAny())) {}

void LazyCommit::commit() const {
    static bool registered = false;
    if (!alone_ || lazy || synchronous_commit == SYNCHRONOUS_COMMIT_OFF)
        return;
    if (!std::exchange(registered, true))
        call([] { RegisterXactCallback(callback<&after_transaction>, nullptr); });
    asked_for = synchronous_commit;
    set_for_transaction("synchronous_commit", "off");
    lazy = true;
}

void commit_for_good() {
    if (std::exchange(lazy, false))
        set_for_transaction("synchronous_commit", name_of(asked_for));
}

} // namespace pgcrew::bgjob::duroxide
