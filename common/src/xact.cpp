#include "pgcrew/xact.hpp"

extern "C" {
#include <access/xact.h>
#include <pgstat.h>
#include <utils/snapmgr.h>
}

namespace pgcrew {
namespace detail {

void Transaction::start() {
    if (IsTransactionState())
        throw Error(sqlstate::active_sql_transaction, "a transaction is already in progress");
    open_ = true; // should starting fail half way, abort
    call([] {
        SetCurrentStatementStartTimestamp();
        StartTransactionCommand();
    });
}

void Transaction::commit() {
    call([] { CommitTransactionCommand(); });
    open_ = false;
    finish();
}

Transaction::~Transaction() {
    if (open_)
        finish();
}

// Back to where we were before the transaction, which leaves other contexts current.
void Transaction::finish() noexcept {
    if (open_) {
        open_ = false;
        cleanup("aborting a transaction", [] { AbortCurrentTransaction(); });
        set_taint(false);
    }
    // Nobody else reports statistics for a worker between transactions; the server limits the rate.
    cleanup("reporting statistics", [] { (void)pgstat_report_stat(false); });
    MemoryContextSwitchTo(memory_);
    CurrentResourceOwner = owner_;
}

Subtransaction::Subtransaction() {
    call([] { BeginInternalSubTransaction(nullptr); });
    MemoryContextSwitchTo(memory_);
    open_ = true;
}

void Subtransaction::commit() {
    call([] { ReleaseCurrentSubTransaction(); });
    open_ = false;
    finish();
}

Subtransaction::~Subtransaction() {
    if (!open_)
        return;
    bool done = false;
    cleanup("rolling back a subtransaction", [&done] {
        RollbackAndReleaseCurrentSubTransaction();
        done = true;
    });
    finish();
    if (done)
        set_taint(was_tainted_);
}

void Subtransaction::finish() noexcept {
    MemoryContextSwitchTo(memory_);
    CurrentResourceOwner = owner_;
}
} // namespace detail

ActiveSnapshot::ActiveSnapshot() {
    call([] { PushActiveSnapshot(GetTransactionSnapshot()); });
}

// On the error path the abort pops it, with whatever a jump left above it.
ActiveSnapshot::~ActiveSnapshot() {
    if (!tainted())
        cleanup("popping a snapshot", [] { PopActiveSnapshot(); });
}
} // namespace pgcrew
