// The lease of a turn, as its token says. Within call(), but for what throws.
#pragma once
#include "pg/duroxide/arguments.hpp"
#include "pg/duroxide/lease.hpp"

namespace pgcrew::bgjob::duroxide {

struct TurnLease {
    Datum instance = 0, token = 0;
    Row row{}; // of instance_locks
    TimestampTz now = 0;
    bool live = false;

    explicit operator bool() const noexcept { return row.tuple != nullptr; }
};

// Takes the lock of the instance, which comes before its rows. Nothing if the token is worth
// nothing.
TurnLease turn_lease(Provider &provider, NullableDatum token);

// Calls use(row) for each message that the turn took.
template <class F> void for_each_message(Provider &provider, const TurnLease &lease, F use) {
    namespace c = orchestrator_queue;
    Seek seek = of_key(c::InstanceId, lease.instance);
    provider.scan(OrchestratorQueuePkey, seek, [&](const Row &row) {
        if (row.text(c::LockToken) == view_of(lease.token))
            use(row);
        return true;
    });
}

// 55000
[[noreturn]] void turn_is_over(const char *message);

} // namespace pgcrew::bgjob::duroxide
