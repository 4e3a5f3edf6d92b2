// ack_orchestration_item: all that a turn has come to, at once or not at all. An instance, its
// execution and its history are written here only.
#include "pg/durable/writes.hpp"
#include "pg/duroxide/call_count.hpp"
#include "pg/duroxide/document.hpp"
#include "pg/duroxide/lazy_commit.hpp"
#include "pg/duroxide/queue_rows.hpp"
#include "pg/duroxide/turn_lease.hpp"
#include "pg/duroxide/turn_values.hpp"

extern "C" {
#include <access/xact.h>
#include <utils/fmgroids.h>
}

namespace pgcrew::bgjob::duroxide {
namespace {

struct Outcome {
    int64 execution;
    Document history, activities, messages, metadata, cancelled;
    bool ends; // the execution
};

Document argument(FunctionCallInfo fcinfo, int i) {
    return fcinfo->args[i].isnull ? Document() : Document(fcinfo->args[i].value);
}

Outcome outcome_of(FunctionCallInfo fcinfo) {
    Outcome to{DatumGetInt64(fcinfo->args[2].value),
               argument(fcinfo, 3),
               argument(fcinfo, 4),
               argument(fcinfo, 5),
               argument(fcinfo, 6),
               argument(fcinfo, 7),
               false};
    for (const char *status : {"Completed", "Failed", "ContinuedAsNew"})
        to.ends |= to.metadata.is_text("status", status);
    return to;
}

// --- server calls from here on --------------------------------------------------------------

void set_unless_null(Values &values, AttrNumber column, NullableDatum value) {
    if (!value.isnull)
        values.set(column, value.value);
}

void set_nullable(Values &values, AttrNumber column, NullableDatum value) {
    if (value.isnull)
        values.clear(column);
    else
        values.set(column, value.value);
}

// Whether the turn says something of the custom status, and what.
bool set_custom_status(Values &values, const Document &metadata) {
    namespace c = instances;
    if (metadata.is_text("custom_status_action", "set"))
        set_nullable(values, c::CustomStatus, metadata.string("custom_status_value"));
    else if (metadata.is_text("custom_status_action", "clear"))
        values.clear(c::CustomStatus);
    else
        return false;
    return true;
}

void write_instance(Provider &provider, const TurnLease &lease, const Outcome &outcome) {
    namespace c = instances;
    const Document &said = outcome.metadata;
    const NullableDatum name = said.string("orchestration_name");
    const NullableDatum parent = said.string("parent_instance_id");
    Seek seek = of_key(c::InstanceId, lease.instance);
    const Row row = provider.find(InstancesPkey, seek);
    if (!row && name.isnull)
        return;
    Values values;
    values.set(c::UpdatedAt, TimestampTzGetDatum(lease.now));
    if (!name.isnull) {
        values.set(c::Name, name.value);
        set_unless_null(values, c::Version, said.string("orchestration_version"));
        if (!row || row.is_null(c::Parent))
            set_unless_null(values, c::Parent, parent);
    }
    const bool status = set_custom_status(values, said);
    if (!row) {
        values.set(c::InstanceId, lease.instance)
            .set(c::CurrentExecution, Int64GetDatum(outcome.execution))
            .set(c::CreatedAt, TimestampTzGetDatum(lease.now))
            .set(c::CustomStatusVersion, Int32GetDatum(status ? 1 : 0));
        provider.insert(Instances, values);
        return;
    }
    if (outcome.execution > row.int64_of(c::CurrentExecution))
        values.set(c::CurrentExecution, Int64GetDatum(outcome.execution));
    if (status)
        values.set(c::CustomStatusVersion, Int32GetDatum(row.int32_of(c::CustomStatusVersion) + 1));
    (void)provider.update(Instances, row, values);
}

void write_execution(Provider &provider, const TurnLease &lease, const Outcome &outcome) {
    namespace c = executions;
    const Document &said = outcome.metadata;
    const NullableDatum status = said.string("status");
    const Document pinned = said.at("pinned_duroxide_version");
    Seek seek = of_key(c::InstanceId, lease.instance);
    seek.add(c::ExecutionId, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(outcome.execution));
    const Row row = provider.find(ExecutionsPkey, seek);
    Values values;
    if (!status.isnull) {
        values.set(c::Status, status.value);
        set_nullable(values, c::Output, said.string("output"));
        if (outcome.ends)
            values.set(c::CompletedAt, TimestampTzGetDatum(lease.now));
        else
            values.clear(c::CompletedAt);
    }
    if (pinned.is_object()) {
        set_nullable(values, c::Major, pinned.int32_of("major"));
        set_nullable(values, c::Minor, pinned.int32_of("minor"));
        set_nullable(values, c::Patch, pinned.int32_of("patch"));
    }
    if (row) {
        if (!status.isnull || pinned.is_object())
            (void)provider.update(Executions, row, values);
        return;
    }
    if (status.isnull)
        values.set(c::Status, "Running");
    values.set(c::InstanceId, lease.instance)
        .set(c::ExecutionId, Int64GetDatum(outcome.execution))
        .set(c::StartedAt, TimestampTzGetDatum(lease.now));
    provider.insert(Executions, values);
}

bool is_sound(const Outcome &outcome) {
    for (uint32 i = 0; i < outcome.history.size(); ++i) {
        const Document event = outcome.history.element(i);
        if (event.string("event_id").isnull || event.string("event_data").isnull)
            return false;
    }
    return true;
}

void write_history(Provider &provider, const TurnLease &lease, const Outcome &outcome) {
    namespace c = history;
    for (uint32 i = 0; i < outcome.history.size(); ++i) {
        const Document event = outcome.history.element(i);
        Values row;
        row.set(c::InstanceId, lease.instance)
            .set(c::ExecutionId, Int64GetDatum(outcome.execution))
            .set(c::CreatedAt, TimestampTzGetDatum(lease.now));
        const NullableDatum type = event.string("event_type");
        row.set(c::EventId, event.int64_of("event_id").value)
            .set(c::EventType, type.isnull ? text_datum("Event") : type.value)
            .set(c::EventData, event.string("event_data").value);
        provider.insert(History, row);
    }
}

void add_activities(Provider &provider, const TurnLease &lease, const Outcome &outcome) {
    for (uint32 i = 0; i < outcome.activities.size(); ++i) {
        const Document item = outcome.activities.element(i);
        const Document execute = item.at("ActivityExecute");
        add_activity(provider,
                     {item.as_text(), execute.string("instance"), execute.int64_of("execution_id"),
                      execute.int64_of("id"), execute.string("session_id"), execute.string("tag")},
                     lease.now);
    }
}

void cancel_activities(Provider &provider, const Outcome &outcome) {
    namespace c = worker_queue;
    for (uint32 i = 0; i < outcome.cancelled.size(); ++i) {
        const Document one = outcome.cancelled.element(i);
        const NullableDatum instance = one.string("instance");
        const NullableDatum execution = one.int64_of("execution_id");
        const NullableDatum activity = one.int64_of("activity_id");
        if (instance.isnull || execution.isnull || activity.isnull)
            continue;
        // Who has just taken it, or renews its lease, is waited for.
        for (bool changed = true; changed;) {
            changed = false;
            Seek seek = of_key(c::InstanceId, instance.value);
            seek.add(c::ExecutionId, BTEqualStrategyNumber, F_INT8EQ, execution.value);
            seek.add(c::ActivityId, BTEqualStrategyNumber, F_INT8EQ, activity.value);
            provider.scan(WorkerQueueActivity, seek, [&](const Row &row) {
                changed |= provider.remove(WorkerQueue, row, true) == Provider::Removal::Changed;
                return true;
            });
            CHECK_FOR_INTERRUPTS();
        }
    }
}

// Whom a message is for, and when: a timer's comes when it fires.
void add_messages(Provider &provider, const TurnLease &lease, const Outcome &outcome) {
    for (uint32 i = 0; i < outcome.messages.size(); ++i) {
        const Document item = outcome.messages.element(i);
        const Document body = item.only_member();
        const bool to_parent =
            item.at("SubOrchCompleted").is_object() || item.at("SubOrchFailed").is_object();
        const NullableDatum instance = body.string(to_parent ? "parent_instance" : "instance");
        const NullableDatum fires_at = item.at("TimerFired").int64_of("fire_at_ms");
        const bool later = !fires_at.isnull && DatumGetInt64(fires_at.value) > 0;
        add_message(provider, instance.isnull ? lease.instance : instance.value, item.as_text(),
                    lease.now, later ? from_unix_ms(DatumGetInt64(fires_at.value)) : lease.now);
    }
}

// The messages of the turn go; those that came meanwhile make another one.
void remove_messages(Provider &provider, const TurnLease &lease) {
    namespace c = orchestrator_queue;
    Seek seek = of_key(c::InstanceId, lease.instance);
    TimestampTz next = DT_NOEND;
    provider.scan(OrchestratorQueuePkey, seek, [&](const Row &row) {
        if (row.text(c::LockToken) == view_of(lease.token))
            (void)provider.remove(OrchestratorQueue, row);
        else
            next = Min(next, row.time(c::VisibleAt));
        return true;
    });
    if (next <= lease.now)
        note_work(provider.schema(), Work::Turn, next);
}

} // namespace

PGCREW_FUNCTION(bgjob_duroxide_ack_orchestration_item) {
    const CallCounter counter(fcinfo, Function::AckTurn);
    will_write("ack_orchestration_item()");
    require_argument(fcinfo, 2, "p_execution_id");
    commit_for_good();
    prepare_to_note_work();
    Provider provider(fcinfo, {InstanceLocks, Instances, Executions, History, OrchestratorQueue,
                               WorkerQueue, KvStore, KvDelta});
    TurnLease lease;
    Outcome outcome{};
    bool sound = true;
    call([&] {
        lease = turn_lease(provider, fcinfo->args[0]);
        if (!lease.live)
            return;
        outcome = outcome_of(fcinfo);
        sound = is_sound(outcome);
        if (!sound)
            return;
        (void)provider.remove(InstanceLocks, lease.row);
        write_instance(provider, lease, outcome);
        write_execution(provider, lease, outcome);
        write_history(provider, lease, outcome);
        remove_messages(provider, lease);
        add_activities(provider, lease, outcome);
        if (outcome.cancelled.size() > 0) {
            CommandCounterIncrement(); // those that were just added may be among them
            cancel_activities(provider, outcome);
        }
        add_messages(provider, lease, outcome);
        write_values(provider, lease, outcome.metadata.at("kv_mutations"), unix_ms(lease.now),
                     outcome.ends, outcome.execution);
    });
    if (!lease.live)
        turn_is_over("Invalid lock token");
    if (!sound)
        throw Error(sqlstate::invalid_parameter_value,
                    "each event of p_history_delta must have event_id and event_data");
    return 0;
}

} // namespace pgcrew::bgjob::duroxide
