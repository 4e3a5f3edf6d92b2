// fetch_orchestration_item: hands an instance that has messages to an orchestrator, with all of
// them that are visible, its history and its values, for the time of a lease. Whoever has the lock
// of an instance changes it; who does not get it at once passes on to the next one.
#include "pg/durable/writes.hpp"
#include "pg/duroxide/arguments.hpp"
#include "pg/duroxide/call_count.hpp"
#include "pg/duroxide/events_json.hpp"
#include "pg/duroxide/lazy_commit.hpp"
#include "pg/duroxide/lease.hpp"
#include "pg/duroxide/work_signal.hpp"

extern "C" {
#include <utils/builtins.h>
#include <utils/fmgroids.h>
#include <utils/json.h>
}

namespace pgcrew::bgjob::duroxide {
namespace {

namespace c = orchestrator_queue;

struct Wanted {
    int64 lease_ms;
    std::optional<int64> min_version, max_version; // packed
};

struct Turn {
    bool found;
    TimestampTz next_due; // if not
    Datum instance, token;
    int32 attempts;
    TextList messages, history;
    bool begun; // the rest is known
    Datum name;
    NullableDatum version;
    int64 execution;
    StringInfo values;
};

// Instances that were passed over in this scan.
struct Passed {
    static constexpr int most = 64;
    std::string_view list[most];
    int count = 0, next = 0;

    bool has(std::string_view instance) const {
        for (int i = 0; i < count; ++i)
            if (list[i] == instance)
                return true;
        return false;
    }
    void add(std::string_view instance) {
        list[next] = instance;
        next = (next + 1) % most;
        count = Min(count + 1, most);
    }
};

// --- server calls from here on --------------------------------------------------------------

Row instance_row(Provider &provider, Datum instance) {
    Seek seek = of_key(instances::InstanceId, instance);
    return provider.find(InstancesPkey, seek);
}

// When the lease of the instance ends, 0 if there is none.
int64 leased_until_ms(Provider &provider, Datum instance, Row *row = nullptr) {
    Seek seek = of_key(instance_locks::InstanceId, instance);
    const Row found = provider.find(InstanceLocksPkey, seek);
    if (row != nullptr)
        *row = found;
    return found ? found.int64_of(instance_locks::LockedUntil) : 0;
}

// An execution that no version is known of suits everybody.
bool suits(Provider &provider, Datum instance, const Wanted &wanted) {
    if (!wanted.min_version)
        return true;
    const Row row = instance_row(provider, instance);
    if (!row)
        return true;
    Seek seek = of_key(executions::InstanceId, instance);
    seek.add(executions::ExecutionId, BTEqualStrategyNumber, F_INT8EQ,
             row.datum(instances::CurrentExecution));
    const Row execution = provider.find(ExecutionsPkey, seek);
    if (!execution || execution.is_null(executions::Major))
        return true;
    const auto part = [&](AttrNumber column) {
        return execution.is_null(column) ? int64{0} : int64{execution.int32_of(column)};
    };
    const int64 version = part(executions::Major) * 1000000 + part(executions::Minor) * 1000 +
                          part(executions::Patch);
    return version >= *wanted.min_version && wanted.max_version && version <= *wanted.max_version;
}

// Stamps the visible messages of the instance, whose lock we have. False if there are none, or it
// was leased meanwhile.
bool claim(Provider &provider, const Wanted &wanted, Datum instance, Turn &turn) {
    Row lock;
    if (leased_until_ms(provider, instance, &lock) > unix_ms(server_now()))
        return false;
    const Lease lease = new_lease(view_of(instance), wanted.lease_ms);
    Seek seek = of_key(c::InstanceId, instance);
    Row *messages = nullptr;
    int count = 0, room = 0;
    provider.scan(OrchestratorQueuePkey, seek, [&](const Row &row) {
        if (row.time(c::VisibleAt) > lease.now)
            return true;
        if (count == room) {
            room = room == 0 ? 8 : room * 2;
            const Size size = sizeof(Row) * static_cast<Size>(room);
            messages = static_cast<Row *>(messages == nullptr ? palloc(size)
                                                              : repalloc_huge(messages, size));
        }
        messages[count++] = {heap_copytuple(row.tuple), row.desc};
        return true;
    });
    turn.attempts = 0;
    for (int i = 0; i < count; ++i) {
        const Row &row = messages[i];
        const int32 attempts = row.int32_of(c::AttemptCount) + 1;
        if (!provider.update(OrchestratorQueue, row,
                             Values{}
                                 .set(c::LockToken, lease.token)
                                 .set(c::LockedUntil, Int64GetDatum(lease.until_ms))
                                 .set(c::AttemptCount, Int32GetDatum(attempts))))
            continue;
        turn.attempts = Max(turn.attempts, attempts);
        turn.messages.add(row.datum(c::WorkItem));
    }
    if (turn.messages.count == 0)
        return false;
    Values own;
    own.set(instance_locks::InstanceId, instance)
        .set(instance_locks::LockToken, lease.token)
        .set(instance_locks::LockedUntil, Int64GetDatum(lease.until_ms))
        .set(instance_locks::LockedAt, Int64GetDatum(lease.now_ms));
    if (!lock)
        provider.insert(InstanceLocks, own);
    else if (!provider.update(InstanceLocks, lock, own))
        return false;
    turn.instance = instance;
    turn.token = lease.token;
    note_lease(provider.schema(), Work::Turn, from_unix_ms(lease.until_ms));
    return true;
}

// Tries the instances with messages of that time, oldest first. Says when the first one is visible.
TimestampTz claim_first(Provider &provider, const Wanted &wanted, TimestampTz from, TimestampTz now,
                        Turn &turn) {
    Passed passed;
    TimestampTz first = DT_NOEND;
    Seek due{};
    due.add(c::VisibleAt, BTGreaterEqualStrategyNumber, F_TIMESTAMPTZ_GE, TimestampTzGetDatum(from))
        .add(c::VisibleAt, BTLessEqualStrategyNumber, F_TIMESTAMPTZ_LE, TimestampTzGetDatum(now));
    provider.scan(OrchestratorQueueDue, due, [&](const Row &row) {
        first = Min(first, row.time(c::VisibleAt));
        const bool stamped = !row.is_null(c::LockToken) && !row.is_null(c::LockedUntil);
        if (stamped && row.int64_of(c::LockedUntil) > unix_ms(now)) {
            turn.next_due = Min(turn.next_due, from_unix_ms(row.int64_of(c::LockedUntil)) + 1000);
            return true;
        }
        if (passed.has(row.text(c::InstanceId)))
            return true;
        const Datum instance = text_datum(row.text(c::InstanceId));
        if (leased_until_ms(provider, instance) <= unix_ms(now) &&
            suits(provider, instance, wanted)) {
            const SubjectLock lock(SubjectLock::Instance, provider.schema(), view_of(instance));
            if (lock.try_take()) {
                turn.found = claim(provider, wanted, instance, turn);
                if (turn.found)
                    return false;
                lock.release();
            }
        }
        passed.add(view_of(instance));
        return true;
    });
    return first;
}

bool claim_one(Provider &provider, const Wanted &wanted, Turn &turn) {
    const TimestampTz now = server_now();
    QueueStart &start = provider.start_of(OrchestratorQueue);
    const TimestampTz from = start.known(now);
    if (from != DT_NOBEGIN)
        (void)claim_first(provider, wanted, from, now, turn);
    if (turn.found)
        return true;
    start.found(claim_first(provider, wanted, DT_NOBEGIN, now, turn), now);
    if (turn.found)
        return true;
    Seek later{};
    later.add(c::VisibleAt, BTGreaterStrategyNumber, F_TIMESTAMPTZ_GT, TimestampTzGetDatum(now));
    provider.scan(OrchestratorQueueDue, later, [&](const Row &row) {
        turn.next_due = Min(turn.next_due, row.time(c::VisibleAt));
        return false;
    });
    return false;
}

void read_history(Provider &provider, Turn &turn) {
    Seek seek = of_key(history::InstanceId, turn.instance);
    seek.add(history::ExecutionId, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(turn.execution));
    provider.scan(HistoryPkey, seek, [&](const Row &row) {
        turn.history.add(text_datum(row.text(history::EventData)));
        return true;
    });
}

// As {"key": {"value": ..., "last_updated_at_ms": ...}, ...}.
void read_values(Provider &provider, Turn &turn) {
    turn.values = makeStringInfo();
    Seek seek = of_key(kv_store::InstanceId, turn.instance);
    provider.scan(KvStorePkey, seek, [&](const Row &row) {
        appendStringInfoChar(turn.values, turn.values->len == 0 ? '{' : ',');
        escape_json(turn.values, TextDatumGetCString(row.datum(kv_store::Key)));
        appendStringInfoString(turn.values, ":{\"value\":");
        escape_json(turn.values, TextDatumGetCString(row.datum(kv_store::Value)));
        appendStringInfo(turn.values, ",\"last_updated_at_ms\":" INT64_FORMAT "}",
                         row.int64_of(kv_store::UpdatedAtMs));
        return true;
    });
    appendStringInfoString(turn.values, turn.values->len == 0 ? "{}" : "}");
}

Turn fetch(Provider &provider, const Wanted &wanted) {
    Turn turn{};
    turn.next_due = DT_NOEND;
    if (!claim_one(provider, wanted, turn))
        return turn;
    const Row row = instance_row(provider, turn.instance);
    turn.begun = static_cast<bool>(row);
    if (turn.begun) {
        turn.name = row.datum(instances::Name);
        turn.version = {row.datum(instances::Version), row.is_null(instances::Version)};
        turn.execution = row.int64_of(instances::CurrentExecution);
        read_history(provider, turn);
    }
    read_values(provider, turn);
    return turn;
}

// One that has not begun will be what its first message says.
void describe(Turn &turn, Datum messages) {
    NullableDatum name{turn.name, !turn.begun};
    if (!turn.begun) {
        const Document first = Document(messages).element(0);
        const Document start = first.at("StartOrchestration");
        const Document from = start.is_object() ? start : first.at("ContinueAsNew");
        name = from.string("orchestration");
        turn.version = from.string("version");
        const NullableDatum execution = from.int64_of("execution_id");
        turn.execution = execution.isnull ? 1 : DatumGetInt64(execution.value);
    }
    turn.name = name.isnull ? text_datum("Unknown") : name.value;
    if (turn.version.isnull)
        turn.version = {text_datum("unknown"), false};
}

} // namespace

PGCREW_FUNCTION(bgjob_duroxide_fetch_orchestration_item) {
    CallCounter counter(fcinfo, Function::FetchTurn);
    will_write("fetch_orchestration_item()");
    const Args args(fcinfo);
    const Wanted wanted{lease_ms(args, 1, "p_lock_timeout_ms"), args.opt_int64(2),
                        args.opt_int64(3)};
    SetResult rows(fcinfo);
    prepare_to_note_work();
    const LazyCommit lazy;
    WorkWaiter waiter({schema_of(fcinfo), Work::Turn});
    Turn turn{};
    do {
        Provider provider(
            fcinfo, {OrchestratorQueue, InstanceLocks, Instances, Executions, History, KvStore});
        call([&] { turn = fetch(provider, wanted); });
    } while (!turn.found && waiter.wait(turn.next_due));
    if (!turn.found)
        return rows.done();
    lazy.commit();
    counter.loaded();
    const Datum messages = json_of(turn.messages), events = json_of(turn.history);
    call([&] {
        describe(turn, messages);
        Datum row[] = {turn.instance,
                       turn.name,
                       turn.version.value,
                       Int64GetDatum(turn.execution),
                       events,
                       messages,
                       turn.token,
                       Int32GetDatum(turn.attempts),
                       DirectFunctionCall1(jsonb_in, CStringGetDatum(turn.values->data))};
        bool nulls[9] = {};
        tuplestore_putvalues(rows.store(), rows.desc(), row, nulls);
    });
    return rows.done();
}

} // namespace pgcrew::bgjob::duroxide
