#include "pg/duroxide/provider.hpp"

#include "pg/duroxide/known_schema.hpp"
#include "pgcrew/compat.hpp"

#include <string>

extern "C" {
#include <access/heapam.h>
#include <access/table.h>
#include <access/xact.h>
#include <access/xlog.h>
#include <catalog/pg_namespace.h>
#include <catalog/pg_proc.h>
#include <commands/sequence.h>
#include <storage/bufmgr.h>
#include <utils/builtins.h>
#include <utils/fmgroids.h>
#include <utils/lsyscache.h>
#include <utils/syscache.h>
}

namespace pgcrew::bgjob::duroxide {
namespace {

bool belongs_in(const IndexShape &shape, const Values &values) {
    return shape.holds == Holds::All ||
           (shape.holds == Holds::Null) == values.null[shape.about - 1];
}

// Without waiting. The server updates without waiting only what is locked.
bool lock_row(Relation relation, const Row &row) {
    HeapTupleData locked{};
    locked.t_self = row.tuple->t_self;
    TM_FailureData failure;
    Buffer held = InvalidBuffer;
    const TM_Result result =
        heap_lock_tuple(relation, &locked, GetCurrentCommandId(true), LockTupleNoKeyExclusive,
                        LockWaitSkip, false, &held, &failure);
    if (BufferIsValid(held))
        ReleaseBuffer(held);
    return result == TM_Ok;
}

// Into those indexes of the table that the row belongs in.
void insert_into_indexes(const Relation *relations, Relation heap, Table t, const Values &row,
                         ItemPointer place) {
    IndexInfo *info = makeNode(IndexInfo);
    for (int i = 0; i < indexes; ++i) {
        const IndexShape &shape = index_shape[i];
        if (shape.table != t || !belongs_in(shape, row))
            continue;
        Datum key[3];
        bool null[3];
        for (int c = 0; c < shape.count; ++c) {
            key[c] = row.value[shape.columns[c] - 1];
            null[c] = row.null[shape.columns[c] - 1];
        }
        index_insert(relations[i], key, null, place, heap,
                     shape.unique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO, false, info);
    }
}

} // namespace

Provider::Provider(FunctionCallInfo fcinfo, std::initializer_list<Table> needed) {
    call([&] {
        HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
        const auto *function = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
        schema_ = function->pronamespace;
        owner_ = function->proowner;
        ReleaseSysCache(tuple);
    });
    open(needed);
}

Provider::Provider(Oid schema, std::initializer_list<Table> needed)
    : schema_(schema), owner_(InvalidOid) {
    call([&] {
        HeapTuple tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema_));
        if (!HeapTupleIsValid(tuple))
            return; // it was dropped
        owner_ = reinterpret_cast<Form_pg_namespace>(GETSTRUCT(tuple))->nspowner;
        ReleaseSysCache(tuple);
    });
    open(needed);
}

void Provider::open(std::initializer_list<Table> needed) {
    const Table *const list = needed.begin();
    const auto count = needed.size();
    int unfit = tables;
    call([&] {
        lock_ = RecoveryInProgress() ? AccessShareLock : RowExclusiveLock;
        known_ = known_schema(schema_);
        for (std::size_t n = 0; n < count && unfit == tables; ++n) {
            const Table t = list[n];
            tables_[t] = open_table(*known_, t, owner_, lock_);
            if (tables_[t] == nullptr)
                unfit = t;
            for (int i = 0; i < indexes && unfit == tables; ++i)
                if (index_shape[i].table == t)
                    indexes_[i] = index_open(known_->index[i], lock_);
        }
    });
    if (unfit == tables)
        return;
    const char *schema = call([&] { return get_namespace_name(schema_); });
    throw Error(sqlstate::object_not_in_prerequisite_state,
                std::string("table \"") + (schema != nullptr ? schema : "?") + "." +
                    table_shape[unfit].name + "\" is not as bgjob.create_duroxide_schema() made it",
                "Functions of the schema heed no other columns, indexes, triggers, constraints or "
                "row security, and no other owner of the table than their own.");
}

Provider::~Provider() {
    if (tainted())
        return;
    cleanup("closing tables of a schema for Duroxide", [this] {
        const LOCKMODE release = wrote_ ? NoLock : lock_;
        for (Relation index : indexes_)
            if (index != nullptr)
                index_close(index, release);
        for (Relation table : tables_)
            if (table != nullptr)
                table_close(table, release);
    });
}

int64 Provider::next_id(Table t) const {
    return nextval_internal(known_->table[t].sequence, false);
}

QueueStart &Provider::start_of(Table t) const noexcept { return known_->table[t].start; }

void Provider::insert(Table t, const Values &values) {
    wrote_ = true;
    Relation relation = tables_[t];
    HeapTuple tuple = heap_form_tuple(RelationGetDescr(relation), const_cast<Datum *>(values.value),
                                      const_cast<bool *>(values.null));
    simple_heap_insert(relation, tuple);
    insert_into_indexes(indexes_, relation, t, values, &tuple->t_self);
    heap_freetuple(tuple);
}

bool Provider::update(Table t, const Row &row, const Values &values) {
    wrote_ = true;
    Relation relation = tables_[t];
    if (!lock_row(relation, row))
        return false;
    TupleDesc desc = RelationGetDescr(relation);
    HeapTuple changed =
        heap_modify_tuple(row.tuple, desc, const_cast<Datum *>(values.value),
                          const_cast<bool *>(values.null), const_cast<bool *>(values.replaced));
    ItemPointerData place = row.tuple->t_self;
    if (!compat::update_row(relation, &place, changed))
        return false;
    if (HeapTupleIsHeapOnly(changed)) {
        heap_freetuple(changed);
        return true;
    }
    Values all;
    heap_deform_tuple(changed, desc, all.value, all.null);
    insert_into_indexes(indexes_, relation, t, all, &changed->t_self);
    heap_freetuple(changed);
    return true;
}

Provider::Removal Provider::remove(Table t, const Row &row, bool wait) {
    wrote_ = true;
    TM_FailureData failure;
    ItemPointerData place = row.tuple->t_self;
    switch (compat::delete_row(tables_[t], &place, SnapshotAny, &failure, wait)) {
    case TM_Ok:
        return Removal::Done;
    case TM_Deleted:
    case TM_SelfModified:
        return Removal::Gone;
    default:
        return Removal::Changed;
    }
}

Row Provider::find(Index i, Seek &seek) const {
    Row found{nullptr, RelationGetDescr(tables_[table_of(i)])};
    scan(i, seek, [&](const Row &row) {
        found.tuple = heap_copytuple(row.tuple);
        return false;
    });
    return found;
}

std::string_view view_of(Datum text) {
    const struct varlena *whole = PG_DETOAST_DATUM_PACKED(text);
    return {VARDATA_ANY(whole), VARSIZE_ANY_EXHDR(whole)};
}

std::string_view Row::text(AttrNumber column) const {
    bool null = false;
    const Datum found = heap_getattr(tuple, column, desc, &null);
    return null ? std::string_view() : view_of(found);
}

Datum text_datum(std::string_view text) {
    return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

Values &Values::set(AttrNumber column, std::string_view text) {
    return set(column, text_datum(text));
}

Oid schema_of(FunctionCallInfo fcinfo) {
    return call([&] { return get_func_namespace(fcinfo->flinfo->fn_oid); });
}

Table table_of(Index i) noexcept { return index_shape[i].table; }

Seek of_key(AttrNumber column, Datum text) {
    return Seek{}.add(column, BTEqualStrategyNumber, F_TEXTEQ, text);
}

} // namespace pgcrew::bgjob::duroxide
