#include "pg/durable/private_table.hpp"

#include "pg/durable/extension_lock.hpp"
#include "pg/durable/index_scan.hpp"
#include "pg/durable/own_relation.hpp"
#include "pgcrew/compat.hpp"
#include "pgcrew/memory.hpp"

extern "C" {
#include <access/heapam.h>
#include <access/table.h>
#include <access/tableam.h>
#include <access/xact.h>
#include <catalog/indexing.h>
#include <catalog/pg_am.h>
#include <catalog/pg_class.h>
#include <catalog/pg_type.h>
#include <commands/sequence.h>
#include <storage/bufmgr.h>
#include <utils/builtins.h>
#include <utils/fmgroids.h>
#include <utils/fmgrprotos.h>
#include <utils/jsonb.h>
#include <utils/rel.h>
#include <utils/snapmgr.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr int most_columns = 32;

[[noreturn]] void not_installed() {
    throw Error(sqlstate::object_not_in_prerequisite_state, "extension \"bgjob\" is not installed",
                "", "Use CREATE EXTENSION bgjob in this database.");
}

Oid require_oid(const char *name) {
    const Oid oid = call([&] { return own_relation(name); });
    if (!OidIsValid(oid))
        not_installed();
    return oid;
}

// It may be dropped while we wait for its lock.
Relation open_table(const char *name) {
    hold_extension();
    Relation relation =
        call([oid = require_oid(name)] { return try_table_open(oid, RowExclusiveLock); });
    if (relation == nullptr)
        not_installed();
    // Its rows are read and written as those of a heap.
    const FormData_pg_class &row = *relation->rd_rel;
    const bool partitioned = row.relkind == RELKIND_PARTITIONED_TABLE;
    if (!partitioned && (row.relkind != RELKIND_RELATION || row.relam != HEAP_TABLE_AM_OID)) {
        call([relation] { table_close(relation, RowExclusiveLock); });
        throw Error(sqlstate::wrong_object_type,
                    std::string("\"bgjob.") + name + "\" is not a table of heap");
    }
    return relation;
}

// A row on its way out of the server: the texts are palloc'd.
struct FlatRow {
    ItemPointerData place;
    int columns;
    bool nulls[most_columns];
    Datum scalars[most_columns];
    struct {
        const char *at;
        std::size_t size;
    } texts[most_columns];
};

// Server calls.
FlatRow flatten(HeapTuple tuple, TupleDesc desc) {
    FlatRow flat{};
    flat.place = tuple->t_self;
    flat.columns = desc->natts;
    heap_deform_tuple(tuple, desc, flat.scalars, flat.nulls);
    for (int i = 0; i < flat.columns; ++i) {
        if (flat.nulls[i])
            continue;
        switch (TupleDescAttr(desc, i)->atttypid) {
        case TEXTOID: {
            const struct varlena *whole = PG_DETOAST_DATUM_PACKED(flat.scalars[i]);
            flat.texts[i] = {VARDATA_ANY(whole), VARSIZE_ANY_EXHDR(whole)};
            break;
        }
        case JSONBOID: {
            const char *json = DatumGetCString(DirectFunctionCall1(jsonb_out, flat.scalars[i]));
            flat.texts[i] = {json, strlen(json)};
            break;
        }
        default:
            break;
        }
    }
    return flat;
}

// Server calls.
Seek seek_keys(Oid index_oid, const int64 *keys, int count) {
    Relation index = index_open(index_oid, AccessShareLock);
    Seek seek{};
    for (int i = 0; i < count; ++i)
        seek.add(index->rd_index->indkey.values[i], BTEqualStrategyNumber, F_INT8EQ,
                 Int64GetDatum(keys[i]));
    index_close(index, AccessShareLock);
    return seek;
}

} // namespace

Value time_value(TimestampTz at) noexcept {
    return at == 0 ? Value::null(TIMESTAMPTZOID)
                   : Value::datum(TimestampTzGetDatum(at), TIMESTAMPTZOID);
}

PrivateTable::PrivateTable(const char *name) : relation_(open_table(name)) {}

PrivateTable::~PrivateTable() {
    if (!tainted())
        cleanup("closing a table of bgjob", [r = relation_] { table_close(r, NoLock); });
}

bool PrivateTable::exists(const char *name) {
    return call([&] { return OidIsValid(own_relation(name)); });
}

int64 PrivateTable::next_value(const char *sequence) {
    hold_extension();
    return call([oid = require_oid(sequence)] { return nextval_internal(oid, false); });
}

Oid PrivateTable::owner() const noexcept { return relation_->rd_rel->relowner; }

void PrivateTable::insert(std::initializer_list<Value> values) {
    const OwnedMemory memory("bgjob row");
    const Value *from = values.begin();
    const int count = static_cast<int>(values.size());
    TupleDesc desc = RelationGetDescr(relation_);
    if (count != desc->natts || count > most_columns)
        throw Error(sqlstate::internal_error, std::string("a table of bgjob does not have ") +
                                                  std::to_string(count) + " columns");
    call([&] {
        const MemoryContext caller = MemoryContextSwitchTo(memory.get());
        Datum datums[most_columns];
        bool nulls[most_columns];
        for (int i = 0; i < count; ++i) {
            nulls[i] = from[i].is_null();
            datums[i] = nulls[i] ? Datum{0} : from[i].make();
        }
        CatalogTupleInsert(relation_, heap_form_tuple(desc, datums, nulls));
        CommandCounterIncrement();
        MemoryContextSwitchTo(caller);
    });
}

std::optional<PrivateRow> PrivateTable::find(const char *index, std::initializer_list<int64> key) {
    std::vector<PrivateRow> rows = all(index, key, 1);
    if (rows.empty())
        return std::nullopt;
    return std::move(rows.front());
}

std::vector<PrivateRow> PrivateTable::all(const char *index, std::initializer_list<int64> key,
                                          std::size_t most) {
    const OwnedMemory memory("bgjob rows");
    const int64 *keys = key.begin();
    const int count = static_cast<int>(key.size());
    FlatRow *flat = nullptr;
    std::size_t found = 0, room = 0;
    const Oid index_oid = require_oid(index);
    call([&] {
        const MemoryContext caller = MemoryContextSwitchTo(memory.get());
        TupleDesc desc = RelationGetDescr(relation_);
        Seek seek = seek_keys(index_oid, keys, count);
        scan_index(relation_, index_oid, seek, [&](HeapTuple tuple) {
            if (found == room) {
                const std::size_t more = Max(std::size_t{1}, Min(room * 2, most));
                auto *grown = static_cast<FlatRow *>(
                    MemoryContextAllocHuge(CurrentMemoryContext, sizeof(FlatRow) * more));
                if (found > 0)
                    memcpy(grown, flat, sizeof(FlatRow) * found);
                flat = grown;
                room = more;
            }
            flat[found++] = flatten(heap_copytuple(tuple), desc);
            return found < most;
        });
        MemoryContextSwitchTo(caller);
    });
    std::vector<PrivateRow> rows(found);
    for (std::size_t r = 0; r < found; ++r) {
        rows[r].place = flat[r].place;
        rows[r].cells_.resize(static_cast<std::size_t>(flat[r].columns));
        for (std::size_t c = 0; c < rows[r].cells_.size(); ++c) {
            PrivateRow::Cell &to = rows[r].cells_[c];
            to.null = flat[r].nulls[c];
            if (flat[r].texts[c].at != nullptr)
                to.text.assign(flat[r].texts[c].at, flat[r].texts[c].size);
            else
                to.scalar = flat[r].scalars[c];
        }
    }
    return rows;
}

std::size_t PrivateTable::count(const char *index, std::initializer_list<int64> key,
                                std::size_t most) {
    const int64 *keys = key.begin();
    const int size = static_cast<int>(key.size());
    const Oid index_oid = require_oid(index);
    std::size_t found = 0;
    call([&] {
        Seek seek = seek_keys(index_oid, keys, size);
        scan_index(relation_, index_oid, seek, [&](HeapTuple) { return ++found < most; });
    });
    return found;
}

bool PrivateTable::update(const PrivateRow &row, std::span<const Change> changes) {
    const OwnedMemory memory("bgjob row");
    const Change *from = changes.data();
    const std::size_t count = changes.size();
    return call([&] {
        const MemoryContext caller = MemoryContextSwitchTo(memory.get());
        HeapTupleData old{};
        Buffer buffer = InvalidBuffer;
        Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
        old.t_self = row.place;
        const bool there = heap_fetch(relation_, snapshot, &old, &buffer, false);
        bool done = false;
        if (there) {
            Datum values[most_columns]{};
            bool nulls[most_columns]{}, replaced[most_columns]{};
            for (std::size_t i = 0; i < count; ++i) {
                const int at = from[i].column - 1;
                replaced[at] = true;
                nulls[at] = from[i].value.is_null();
                values[at] = nulls[at] ? Datum{0} : from[i].value.make();
            }
            HeapTuple changed =
                heap_modify_tuple(&old, RelationGetDescr(relation_), values, nulls, replaced);
            ReleaseBuffer(buffer);
            // Without waiting: who holds the row does something about the job already.
            HeapTupleData locked{};
            locked.t_self = row.place;
            TM_FailureData failure;
            Buffer held = InvalidBuffer;
            const TM_Result result =
                heap_lock_tuple(relation_, &locked, GetCurrentCommandId(true), LockTupleExclusive,
                                LockWaitSkip, false, &held, &failure);
            if (BufferIsValid(held))
                ReleaseBuffer(held);
            done = result == TM_Ok;
            if (done) {
                ItemPointerData place = row.place;
                CatalogTupleUpdate(relation_, &place, changed);
                CommandCounterIncrement();
            }
        }
        UnregisterSnapshot(snapshot);
        MemoryContextSwitchTo(caller);
        return done;
    });
}

bool PrivateTable::remove(const PrivateRow &row) {
    return call([&] {
        TM_FailureData failure;
        ItemPointerData place = row.place;
        Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
        const TM_Result result = compat::delete_row(relation_, &place, snapshot, &failure);
        UnregisterSnapshot(snapshot);
        CommandCounterIncrement();
        return result == TM_Ok;
    });
}

} // namespace pgcrew::bgjob
