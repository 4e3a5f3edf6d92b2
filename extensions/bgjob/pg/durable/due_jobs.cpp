#include "pg/durable/due_jobs.hpp"

#include "pg/durable/index_scan.hpp"

extern "C" {
#include <catalog/namespace.h>
#include <utils/fmgroids.h>
#include <utils/lsyscache.h>
}

namespace pgcrew::bgjob {
namespace {

namespace column = job_column;

Seek seek_group(DueGroup g) {
    return Seek{}
        .add(column::Queue, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(g.queue))
        .add(column::Priority, BTEqualStrategyNumber, F_INT2EQ, Int16GetDatum(g.priority));
}

void add_due(Seek &seek, StrategyNumber strategy, RegProcedure compare, TimestampTz at) {
    seek.add(column::DueAt, strategy, compare, TimestampTzGetDatum(at));
}

// Columns that are never null.
Datum value_of(HeapTuple tuple, AttrNumber attribute, TupleDesc desc) {
    bool null = false;
    return heap_getattr(tuple, attribute, desc, &null);
}

DueJob due_job(HeapTuple tuple, TupleDesc desc) {
    const auto state = stored_state(DatumGetInt16(value_of(tuple, column::State, desc)));
    return {{DatumGetTimestampTz(value_of(tuple, column::DueAt, desc)),
             DatumGetInt64(value_of(tuple, column::Id, desc))},
            DatumGetObjectId(value_of(tuple, column::Role, desc)),
            state && may_be_claimed(*state),
            DatumGetInt16(value_of(tuple, column::Kind, desc)) ==
                static_cast<int16>(JobKind::Workflow)};
}

} // namespace

DueJobs::DueJobs()
    : index_(call([&] {
          return index_open(get_relname_relid("job_due", RelationGetNamespace(table_.relation())),
                            AccessShareLock);
      })) {}

DueJobs::~DueJobs() {
    if (!tainted())
        cleanup("closing an index of bgjob", [i = index_] { index_close(i, AccessShareLock); });
}

std::vector<DueGroup> DueJobs::groups() const {
    struct {
        bool any;
        DueGroup group;
    } last{};
    const auto first_of = [&](Seek &seek) {
        bool found = false;
        TupleDesc desc = RelationGetDescr(table_.relation());
        scan_index(table_.relation(), index_, SnapshotAny, seek, [&](HeapTuple tuple) {
            last = {true,
                    {DatumGetInt32(value_of(tuple, column::Queue, desc)),
                     DatumGetInt16(value_of(tuple, column::Priority, desc))}};
            found = true;
            return false;
        });
        return found;
    };
    const auto go_on = [&] {
        Seek lower{}, other{};
        if (last.any) {
            lower.add(column::Queue, BTEqualStrategyNumber, F_INT4EQ,
                      Int32GetDatum(last.group.queue));
            lower.add(column::Priority, BTLessStrategyNumber, F_INT2LT,
                      Int16GetDatum(last.group.priority));
            if (first_of(lower))
                return true;
            other.add(column::Queue, BTGreaterStrategyNumber, F_INT4GT,
                      Int32GetDatum(last.group.queue));
        }
        return first_of(other);
    };
    std::vector<DueGroup> found;
    while (call([&] { return go_on(); }))
        found.push_back(last.group);
    return found;
}

std::vector<DueJob> DueJobs::between(DueGroup group, DuePlace after, DuePlace to,
                                     std::size_t most) const {
    std::vector<DueJob> found(most);
    DueJob *const jobs = found.data();
    std::size_t count = 0;
    call([&] {
        Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
        TupleDesc desc = RelationGetDescr(table_.relation());
        const auto take = [&](HeapTuple tuple) {
            const DueJob job = due_job(tuple, desc);
            if (job.place > to)
                return false;
            jobs[count++] = job;
            return count < most;
        };
        // Two seeks, for many jobs may be due at the same moment.
        if (after.due_at != DT_NOBEGIN) {
            Seek same = seek_group(group);
            add_due(same, BTEqualStrategyNumber, F_TIMESTAMPTZ_EQ, after.due_at);
            same.add(column::Id, BTGreaterStrategyNumber, F_INT8GT, Int64GetDatum(after.id));
            scan_index(table_.relation(), index_, snapshot, same, take);
        }
        if (count < most) {
            Seek later = seek_group(group);
            add_due(later, BTGreaterStrategyNumber, F_TIMESTAMPTZ_GT, after.due_at);
            add_due(later, BTLessEqualStrategyNumber, F_TIMESTAMPTZ_LE, to.due_at);
            scan_index(table_.relation(), index_, snapshot, later, take);
        }
        UnregisterSnapshot(snapshot);
    });
    found.resize(count);
    return found;
}

std::optional<TimestampTz> DueJobs::next(DueGroup group, TimestampTz now) const {
    bool found = false;
    TimestampTz at = 0;
    call([&] {
        Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
        TupleDesc desc = RelationGetDescr(table_.relation());
        Seek seek = seek_group(group);
        add_due(seek, BTGreaterStrategyNumber, F_TIMESTAMPTZ_GT, now);
        scan_index(table_.relation(), index_, snapshot, seek, [&](HeapTuple tuple) {
            at = DatumGetTimestampTz(value_of(tuple, column::DueAt, desc));
            found = true;
            return false;
        });
        UnregisterSnapshot(snapshot);
    });
    return found ? std::optional(at) : std::nullopt;
}

} // namespace pgcrew::bgjob
