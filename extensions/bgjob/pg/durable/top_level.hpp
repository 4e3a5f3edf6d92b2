// Transactions of a worker at its top level, where no procedure runs.
#pragma once
#include "pgcrew/xact.hpp"

extern "C" {
#include <access/xact.h>
#include <miscadmin.h>
#include <utils/guc.h>
}

namespace pgcrew::bgjob {

// Whether the job that is run asked for commits that wait for the disk.
inline bool commits_wait = false;
inline void wait_for_disk(bool on) noexcept { commits_wait = on; }

// For the running transaction only.
inline void set_for_transaction(const char *setting, const char *value) {
    call([&] {
        (void)set_config_option(setting, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true,
                                0, false);
    });
}

// Unless the session does so anyway. What the transaction does is lost together with the record of
// it, so nobody has to wait for the disk.
inline void commit_without_waiting() {
    if (commits_wait != (synchronous_commit > SYNCHRONOUS_COMMIT_OFF))
        set_for_transaction("synchronous_commit", commits_wait ? "on" : "off");
}

// For the session, so that it need not be said for each job.
inline void commit_without_waiting_from_now_on() {
    call([] {
        (void)set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION,
                                GUC_ACTION_SET, true, 0, false);
    });
}

// A cancel is meant for what a job does. It waits while we write down what became of that.
class CancelLater : NoCopy {
  public:
    CancelLater() noexcept { QueryCancelHoldoffCount = QueryCancelHoldoffCount + 1; }
    ~CancelLater() { QueryCancelHoldoffCount = QueryCancelHoldoffCount - 1; }
};

// What the role likes its transactions to be is not for ours. Before their first snapshot.
inline void heed_no_default() noexcept {
    XactIsoLevel = XACT_READ_COMMITTED;
    XactReadOnly = false;
}

inline bool is_conflict(SqlState state) noexcept {
    return state == sqlstate::serialization_failure || state == SqlState("40P01"); // a deadlock
}

// `f` in a transaction of its own. A conflict with somebody else who changes the same job is over
// in a moment: it is tried again, some times.
template <class F> auto bookkeeping(F f) {
    constexpr int most_tries = 20;
    const CancelLater guard;
    for (int i = 1;; ++i) {
        try {
            return in_transaction([&] {
                heed_no_default();
                const ActiveSnapshot snapshot;
                commit_without_waiting();
                return f();
            });
        } catch (const Error &error) {
            if (error.state() != sqlstate::serialization_failure || i == most_tries)
                throw;
        } catch (const ServerError &error) {
            if (!is_conflict(error.state()) || i == most_tries)
                throw;
        }
        call([&] { pg_usleep(1000L * i); });
        check_for_interrupts();
    }
}

} // namespace pgcrew::bgjob
