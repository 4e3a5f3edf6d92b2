// abandon_orchestration_item, renew_orchestration_item_lock: a turn that is given back, or takes
// longer.
#include "pg/durable/writes.hpp"
#include "pg/duroxide/call_count.hpp"
#include "pg/duroxide/queue_rows.hpp"
#include "pg/duroxide/turn_lease.hpp"

namespace pgcrew::bgjob::duroxide {

namespace c = orchestrator_queue;

PGCREW_FUNCTION(bgjob_duroxide_abandon_orchestration_item) {
    const CallCounter counter(fcinfo, Function::AbandonTurn);
    will_write("abandon_orchestration_item()");
    const Args args(fcinfo);
    const int64 delay_ms = Max(args.opt_int64(2).value_or(0), int64{0});
    const bool ignores_attempt = args.opt_boolean(3).value_or(false);
    prepare_to_note_work();
    Provider provider(fcinfo, {InstanceLocks, OrchestratorQueue});
    TurnLease lease;
    call([&] {
        lease = turn_lease(provider, fcinfo->args[0]);
        if (!lease)
            return;
        (void)provider.remove(InstanceLocks, lease.row);
        const TimestampTz later = from_unix_ms(later_ms(unix_ms(lease.now), delay_ms));
        TimestampTz due = delay_ms > 0 ? later : lease.now;
        for_each_message(provider, lease, [&](const Row &row) {
            Values freed;
            freed.clear(c::LockToken).clear(c::LockedUntil);
            if (delay_ms > 0)
                freed.set(c::VisibleAt, TimestampTzGetDatum(later));
            if (ignores_attempt)
                freed.set(c::AttemptCount,
                          Int32GetDatum(Max(row.int32_of(c::AttemptCount) - 1, 0)));
            (void)provider.update(OrchestratorQueue, row, freed);
        });
        note_work(provider.schema(), Work::Turn, due);
    });
    if (!lease)
        turn_is_over("Invalid lock token");
    return lease.instance;
}

PGCREW_FUNCTION(bgjob_duroxide_renew_orchestration_item_lock) {
    const CallCounter counter(fcinfo, Function::RenewTurn);
    will_write("renew_orchestration_item_lock()");
    const int64 extend_ms = lease_ms_of_seconds(Args(fcinfo), 2, "p_extend_secs");
    prepare_to_note_work();
    Provider provider(fcinfo, {InstanceLocks, OrchestratorQueue});
    TurnLease lease;
    call([&] {
        lease = turn_lease(provider, fcinfo->args[0]);
        if (!lease.live)
            return;
        const int64 until_ms = later_ms(unix_ms(lease.now), extend_ms);
        (void)provider.update(InstanceLocks, lease.row,
                              Values{}.set(instance_locks::LockedUntil, Int64GetDatum(until_ms)));
        for_each_message(provider, lease, [&](const Row &row) {
            (void)provider.update(OrchestratorQueue, row,
                                  Values{}.set(c::LockedUntil, Int64GetDatum(until_ms)));
        });
        note_lease(provider.schema(), Work::Turn, from_unix_ms(until_ms));
    });
    if (!lease.live)
        turn_is_over("Lock token invalid, expired, or already released");
    return 0;
}

} // namespace pgcrew::bgjob::duroxide
