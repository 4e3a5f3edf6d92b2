// ack_worker, abandon_work_item, renew_work_item_lock: what a worker does with an activity that it
// has a lease of. Its row may have been removed: that is how it learns that nobody waits for it.
#include "pg/durable/writes.hpp"
#include "pg/duroxide/arguments.hpp"
#include "pg/duroxide/call_count.hpp"
#include "pg/duroxide/lazy_commit.hpp"
#include "pg/duroxide/queue_rows.hpp"

extern "C" {
#include <utils/fmgroids.h>
}

namespace pgcrew::bgjob::duroxide {
namespace {

namespace c = worker_queue;

constexpr int most_tries = 1000; // others change the row

[[noreturn]] void lease_is_over(const char *message) {
    throw Error(sqlstate::object_not_in_prerequisite_state, message,
                "The lease of the activity is over, or the activity was cancelled or is done.");
}

Row row_of_token(Provider &provider, int64 id, Datum token) {
    Seek seek{};
    seek.add(c::Id, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(id));
    Row row = provider.find(WorkerQueuePkey, seek);
    if (row && row.text(c::LockToken) != view_of(token))
        row.tuple = nullptr;
    return row;
}

bool is_live(const Row &row, TimestampTz now) {
    return !row.is_null(c::LockedUntil) && row.int64_of(c::LockedUntil) > unix_ms(now);
}

// Somebody works on an activity of a session.
void note_activity(Provider &provider, const Row &row, TimestampTz now) {
    if (row.is_null(c::SessionId))
        return;
    Seek seek = of_key(sessions::SessionId, row.datum(c::SessionId));
    const Row session = provider.find(SessionsPkey, seek);
    if (session && session.int64_of(sessions::LockedUntil) > unix_ms(now))
        (void)provider.update(Sessions, session,
                              Values{}.set(sessions::LastActivityAt, Int64GetDatum(unix_ms(now))));
}

// Calls change(row, now), which says whether it could change the row, until it says so; false if
// the token is worth nothing. A row that somebody is changing is looked at again.
template <class F> bool with_row(Provider &provider, FunctionCallInfo fcinfo, bool live, F change) {
    const Datum token = fcinfo->args[0].value;
    std::optional<int64> id;
    if (!fcinfo->args[0].isnull)
        call([&] { id = token_row(view_of(token)); });
    for (int i = 0; id && i < most_tries; ++i) {
        enum { Over, Changed, Done } outcome = Over;
        call([&] {
            const Row row = row_of_token(provider, *id, token);
            const TimestampTz now = server_now();
            if (row && (!live || is_live(row, now)))
                outcome = change(row, now) ? Done : Changed;
            if (outcome == Changed) {
                CHECK_FOR_INTERRUPTS();
                pg_usleep(1000);
            }
        });
        if (outcome != Changed)
            return outcome == Done;
    }
    return false;
}

} // namespace

PGCREW_FUNCTION(bgjob_duroxide_ack_worker) {
    const CallCounter counter(fcinfo, Function::AckActivity);
    will_write("ack_worker()");
    const bool completes = !fcinfo->args[2].isnull;
    if (completes && fcinfo->args[1].isnull)
        throw Error(sqlstate::null_value_not_allowed,
                    "p_instance_id is required when p_completion_json is provided");
    commit_for_good();
    prepare_to_note_work();
    Provider provider(fcinfo, {WorkerQueue, Sessions, OrchestratorQueue});
    const bool done = with_row(provider, fcinfo, true, [&](const Row &row, TimestampTz now) {
        if (provider.remove(WorkerQueue, row, true) != Provider::Removal::Done)
            return false;
        note_activity(provider, row, now);
        if (completes)
            add_message(provider, fcinfo->args[1].value, fcinfo->args[2].value, now, now);
        return true;
    });
    if (!done)
        lease_is_over("Worker queue item not found or already processed");
    return 0;
}

PGCREW_FUNCTION(bgjob_duroxide_abandon_work_item) {
    const CallCounter counter(fcinfo, Function::AbandonActivity);
    will_write("abandon_work_item()");
    const Args args(fcinfo);
    const int64 delay_ms = Max(args.opt_int64(2).value_or(0), int64{0});
    const bool ignores_attempt = args.opt_boolean(3).value_or(false);
    prepare_to_note_work();
    Provider provider(fcinfo, {WorkerQueue, Sessions});
    const bool done = with_row(provider, fcinfo, false, [&](const Row &row, TimestampTz now) {
        const TimestampTz visible_at =
            delay_ms == 0 ? now : from_unix_ms(later_ms(unix_ms(now), delay_ms));
        const int32 attempts = row.int32_of(c::AttemptCount);
        const bool any = row.is_null(c::SessionId) && row.is_null(c::Tag);
        if (!provider.update(
                WorkerQueue, row,
                Values{}
                    .clear(c::LockToken)
                    .clear(c::LockedUntil)
                    .set(c::VisibleAt, TimestampTzGetDatum(visible_at))
                    .set(c::AttemptCount,
                         Int32GetDatum(ignores_attempt ? Max(attempts - 1, 0) : attempts))))
            return false;
        note_activity(provider, row, now);
        note_work(provider.schema(), any ? Work::Activity : Work::Routed, visible_at);
        return true;
    });
    if (!done)
        lease_is_over("Invalid lock token or already acked");
    return 0;
}

PGCREW_FUNCTION(bgjob_duroxide_renew_work_item_lock) {
    const CallCounter counter(fcinfo, Function::RenewActivity);
    will_write("renew_work_item_lock()");
    const int64 extend_ms = lease_ms_of_seconds(Args(fcinfo), 2, "p_extend_secs");
    Provider provider(fcinfo, {WorkerQueue, Sessions});
    prepare_to_note_work();
    const bool done = with_row(provider, fcinfo, true, [&](const Row &row, TimestampTz now) {
        const int64 until_ms = later_ms(unix_ms(now), extend_ms);
        if (!provider.update(WorkerQueue, row,
                             Values{}.set(c::LockedUntil, Int64GetDatum(until_ms))))
            return false;
        note_activity(provider, row, now);
        note_lease(provider.schema(), Work::Activity, from_unix_ms(until_ms));
        return true;
    });
    if (!done)
        lease_is_over("Lock token invalid, expired, or already acked");
    return 0;
}

} // namespace pgcrew::bgjob::duroxide
