// The tables of a schema that create_duroxide_schema() made, as the functions of its contract read
// and write them: by their access methods and not by SQL, which costs a tenth.
//
// Who may execute a function of the schema may do what it does: rights on the tables are not looked
// at, but they must belong to the owner of the function, and be as they were made.
#pragma once
#include "pg/durable/index_scan.hpp"
#include "pgcrew/guards.hpp"

#include <initializer_list>
#include <string_view>

extern "C" {
#include <fmgr.h>
#include <utils/timestamp.h>
}

namespace pgcrew::bgjob::duroxide {

enum Table {
    Instances,
    Executions,
    History,
    OrchestratorQueue,
    WorkerQueue,
    InstanceLocks,
    Sessions,
    KvStore,
    KvDelta,
    tables
};

enum Index {
    InstancesPkey,
    InstancesParent,
    ExecutionsPkey,
    HistoryPkey,
    OrchestratorQueuePkey,
    OrchestratorQueueDue,
    WorkerQueuePkey,
    WorkerQueueDue,
    WorkerQueueSessionDue,
    WorkerQueueActivity,
    InstanceLocksPkey,
    SessionsPkey,
    KvStorePkey,
    KvDeltaPkey,
    indexes
};

namespace instances {
enum Column : AttrNumber {
    InstanceId = 1,
    Name,
    Version,
    CurrentExecution,
    CreatedAt,
    UpdatedAt,
    Parent,
    CustomStatus,
    CustomStatusVersion,
    columns = 9
};
}
namespace executions {
enum Column : AttrNumber {
    InstanceId = 1,
    ExecutionId,
    Status,
    Output,
    StartedAt,
    CompletedAt,
    Major,
    Minor,
    Patch,
    columns = 9
};
}
namespace history {
enum Column : AttrNumber {
    InstanceId = 1,
    ExecutionId,
    EventId,
    EventType,
    EventData,
    CreatedAt,
    columns = 6
};
}
namespace orchestrator_queue {
enum Column : AttrNumber {
    Id = 1,
    InstanceId,
    WorkItem,
    VisibleAt,
    LockToken,
    LockedUntil,
    CreatedAt,
    AttemptCount,
    columns = 8
};
}
namespace worker_queue {
enum Column : AttrNumber {
    Id = 1,
    WorkItem,
    VisibleAt,
    LockToken,
    LockedUntil,
    CreatedAt,
    AttemptCount,
    InstanceId,
    ExecutionId,
    ActivityId,
    SessionId,
    Tag,
    columns = 12
};
}
namespace instance_locks {
enum Column : AttrNumber { InstanceId = 1, LockToken, LockedUntil, LockedAt, columns = 4 };
}
namespace sessions {
enum Column : AttrNumber { SessionId = 1, WorkerId, LockedUntil, LastActivityAt, columns = 4 };
}
namespace kv_store {
enum Column : AttrNumber { InstanceId = 1, Key, Value, ExecutionId, UpdatedAtMs, columns = 5 };
}

namespace kv_delta {
enum Column : AttrNumber { InstanceId = 1, Key, Value, UpdatedAtMs, columns = 4 };
}

inline constexpr int most_columns = 16; // with those that were dropped

// A row that was found, in the memory context of the scan's caller.
struct Row {
    HeapTuple tuple; // null: none
    TupleDesc desc;

    explicit operator bool() const noexcept { return tuple != nullptr; }
    bool is_null(AttrNumber column) const { return heap_attisnull(tuple, column, desc); }
    Datum datum(AttrNumber column) const {
        bool null = false;
        return heap_getattr(tuple, column, desc, &null);
    }
    int64 int64_of(AttrNumber column) const { return DatumGetInt64(datum(column)); }
    int32 int32_of(AttrNumber column) const { return DatumGetInt32(datum(column)); }
    TimestampTz time(AttrNumber column) const { return DatumGetTimestampTz(datum(column)); }
    // Empty if null; lives as long as the row.
    std::string_view text(AttrNumber column) const;
};

// The values of a row to be written.
struct Values {
    Datum value[most_columns]{};
    bool null[most_columns];
    bool replaced[most_columns]{};

    Values() { memset(null, true, sizeof null); }
    Values &set(AttrNumber column, Datum datum) {
        value[column - 1] = datum;
        null[column - 1] = false;
        replaced[column - 1] = true;
        return *this;
    }
    Values &set(AttrNumber column, std::string_view text);
    // Null if the pointer is.
    Values &set(AttrNumber column, const text *text) {
        return text != nullptr ? set(column, PointerGetDatum(text)) : clear(column);
    }
    Values &clear(AttrNumber column) {
        null[column - 1] = replaced[column - 1] = true;
        return *this;
    }
};

struct KnownSchema;

// Where the rows of a queue begin. In front of them its index may be full of rows that are gone,
// so they are not looked at each time: once in a while, for rows may come there later, and whenever
// nothing else is found.
struct QueueStart {
    TimestampTz at, found_at;

    TimestampTz known(TimestampTz now) const noexcept {
        constexpr int64 lasts_us = 1'000'000;
        return now >= found_at && now - found_at < lasts_us ? at : DT_NOBEGIN;
    }
    // `first`: of the rows that are visible now, or DT_NOEND.
    void found(TimestampTz first, TimestampTz now) noexcept { *this = {Min(first, now), now}; }
};

class Provider : NoCopy {
  public:
    // Opens these tables, with their indexes, of the schema that the function is in. 55000 if one
    // of them is not as it was made.
    Provider(FunctionCallInfo fcinfo, std::initializer_list<Table> needed);
    // Of any schema, whose owner the tables must have.
    Provider(Oid schema, std::initializer_list<Table> needed);
    // Locks are kept until the end of the transaction if something was written.
    ~Provider();
    Oid schema() const noexcept { return schema_; }
    Oid owner() const noexcept { return owner_; }

    // The rest within call(), with open tables only.
    Relation table(Table t) const { return tables_[t]; }
    Relation index(Index i) const { return indexes_[i]; }
    int64 next_id(Table t) const;                 // of the queues
    QueueStart &start_of(Table t) const noexcept; // of the queues
    void insert(Table t, const Values &values);
    // In place of the row. False if it has meanwhile been changed, or is about to be.
    bool update(Table t, const Row &row, const Values &values);
    enum class Removal { Done, Changed, Gone };
    // Waits for others who have the row, if asked to.
    Removal remove(Table t, const Row &row, bool wait = false);
    // Rows that are there now, in the order of the index, until use(Row) says false. They are
    // overwritten by the next one.
    template <class F> void scan(Index i, Seek &seek, F use) const;
    // A copy of the first one.
    Row find(Index i, Seek &seek) const;

  private:
    void open(std::initializer_list<Table> needed);
    Oid schema_, owner_;
    KnownSchema *known_;
    LOCKMODE lock_; // on a standby one can only read
    bool wrote_ = false;
    Relation tables_[tables]{};
    Relation indexes_[indexes]{};
};

// The schema that a function is in.
Oid schema_of(FunctionCallInfo fcinfo);
Table table_of(Index i) noexcept;
Datum text_datum(std::string_view text);
std::string_view view_of(Datum text); // detoasted

// Rows whose column has this text.
Seek of_key(AttrNumber column, Datum text);

template <class F> void Provider::scan(Index i, Seek &seek, F use) const {
    Relation from = table(table_of(i));
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    scan_index(from, index(i), snapshot, seek, [&](HeapTuple tuple) {
        return use(Row{tuple, RelationGetDescr(from)});
    });
    UnregisterSnapshot(snapshot);
}

} // namespace pgcrew::bgjob::duroxide
