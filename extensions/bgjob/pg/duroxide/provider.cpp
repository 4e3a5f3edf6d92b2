#include "pg/duroxide/provider.hpp"

#include "pgcrew/compat.hpp"

#include <string>

extern "C" {
#include <access/heapam.h>
#include <access/table.h>
#include <access/xact.h>
#include <catalog/pg_am.h>
#include <catalog/pg_class.h>
#include <catalog/pg_collation.h>
#include <catalog/pg_namespace.h>
#include <catalog/pg_proc.h>
#include <catalog/pg_type.h>
#include <commands/sequence.h>
#include <utils/builtins.h>
#include <utils/fmgroids.h>
#include <utils/inval.h>
#include <utils/lsyscache.h>
#include <utils/memutils.h>
#include <utils/syscache.h>
}

namespace pgcrew::bgjob::duroxide {
namespace {

struct TableShape {
    const char *name;
    const char *types; // of the columns: t text, b bigint, i integer, z timestamptz
    const char *sequence;
};
constexpr TableShape table_shape[tables] = {
    {"instances", "tttbzztti", nullptr},
    {"executions", "tbttzziii", nullptr},
    {"history", "tbbttz", nullptr},
    {"orchestrator_queue", "bttztbzi", "orchestrator_queue_id_seq"},
    {"worker_queue", "btztbzitbbtt", "worker_queue_id_seq"},
    {"instance_locks", "ttbb", nullptr},
    {"sessions", "ttbb", nullptr},
    {"kv_store", "tttbb", nullptr},
    {"kv_delta", "tttb", nullptr},
};

// Rows that are in the index: all, or those where a column is null, or is not.
enum class Holds { All, Null, NotNull };
struct IndexShape {
    const char *name;
    Table table;
    bool unique;
    AttrNumber columns[3];
    int count;
    Holds holds;
    AttrNumber about;
};
constexpr IndexShape index_shape[indexes] = {
    {"instances_pkey", Instances, true, {1}, 1, Holds::All, 0},
    {"instances_parent", Instances, false, {7}, 1, Holds::NotNull, 7},
    {"executions_pkey", Executions, true, {1, 2}, 2, Holds::All, 0},
    {"history_pkey", History, true, {1, 2, 3}, 3, Holds::All, 0},
    {"orchestrator_queue_pkey", OrchestratorQueue, true, {2, 1}, 2, Holds::All, 0},
    {"orchestrator_queue_due", OrchestratorQueue, false, {4, 1}, 2, Holds::All, 0},
    {"worker_queue_pkey", WorkerQueue, true, {1}, 1, Holds::All, 0},
    {"worker_queue_due", WorkerQueue, false, {12, 3, 1}, 3, Holds::Null, 11},
    {"worker_queue_session_due", WorkerQueue, false, {12, 3, 1}, 3, Holds::NotNull, 11},
    {"worker_queue_activity", WorkerQueue, false, {8, 9, 10}, 3, Holds::All, 0},
    {"instance_locks_pkey", InstanceLocks, true, {1}, 1, Holds::All, 0},
    {"sessions_pkey", Sessions, true, {1}, 1, Holds::All, 0},
    {"kv_store_pkey", KvStore, true, {1, 2}, 2, Holds::All, 0},
    {"kv_delta_pkey", KvDelta, true, {1, 2}, 2, Holds::All, 0},
};

Oid type_of(char letter) {
    switch (letter) {
    case 't':
        return TEXTOID;
    case 'b':
        return INT8OID;
    case 'i':
        return INT4OID;
    default:
        return TIMESTAMPTZOID;
    }
}

} // namespace

// What this process knows of a schema. A table is `fit` as long as nobody has altered it since it
// was looked at; its indexes are known then.
struct KnownSchema {
    KnownSchema *next;
    Oid schema;
    struct {
        Oid oid;
        Oid sequence;
        bool fit;
        QueueStart start;
    } table[tables];
    Oid index[indexes];
};

namespace {

KnownSchema *known_schemas = nullptr;

void forget_relation(Datum, Oid relation) {
    for (KnownSchema *known = known_schemas; known != nullptr; known = known->next)
        for (auto &table : known->table)
            if (relation == InvalidOid || relation == table.oid)
                table.fit = false;
}

// Server calls, like all that follows but the constructor.
KnownSchema *known_schema(Oid schema) {
    if (known_schemas == nullptr)
        CacheRegisterRelcacheCallback(forget_relation, 0);
    for (KnownSchema *known = known_schemas; known != nullptr; known = known->next)
        if (known->schema == schema)
            return known;
    auto *fresh =
        static_cast<KnownSchema *>(MemoryContextAllocZero(TopMemoryContext, sizeof(KnownSchema)));
    fresh->schema = schema;
    fresh->next = known_schemas;
    known_schemas = fresh;
    return fresh;
}

// No triggers, row security, constraints or other columns: nothing that we would not heed.
bool has_shape(Relation relation, const TableShape &shape, Oid owner) {
    const FormData_pg_class &row = *relation->rd_rel;
    if (row.relkind != RELKIND_RELATION || row.relam != HEAP_TABLE_AM_OID ||
        row.relowner != owner || row.relhastriggers || row.relrowsecurity || row.relchecks != 0 ||
        row.relhassubclass || row.relpersistence == RELPERSISTENCE_TEMP)
        return false;
    TupleDesc desc = RelationGetDescr(relation);
    const int columns = static_cast<int>(strlen(shape.types));
    if (desc->natts < columns || desc->natts > most_columns ||
        (desc->constr != nullptr && desc->constr->has_generated_stored))
        return false;
    for (int i = 0; i < desc->natts; ++i) {
        const FormData_pg_attribute &attribute = *TupleDescAttr(desc, i);
        const bool ours = i < columns;
        if (attribute.attisdropped == ours ||
            (ours && attribute.atttypid != type_of(shape.types[i])))
            return false;
    }
    return true;
}

bool has_shape(Relation index, const IndexShape &shape) {
    const FormData_pg_index &row = *index->rd_index;
    if (index->rd_rel->relam != BTREE_AM_OID || !row.indisvalid || row.indisexclusion ||
        !row.indimmediate || row.indisunique != shape.unique || row.indnatts != shape.count ||
        row.indnkeyatts != shape.count ||
        (shape.holds != Holds::All) ==
            heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, nullptr))
        return false;
    for (int i = 0; i < shape.count; ++i)
        if (row.indkey.values[i] != shape.columns[i] || index->rd_indoption[i] != 0 ||
            (OidIsValid(index->rd_indcollation[i]) && index->rd_indcollation[i] != C_COLLATION_OID))
            return false;
    return true;
}

// Fills in the indexes of a table, which are those that it was made with and no others.
bool look_at(KnownSchema &known, Table t, Relation relation, Oid owner) {
    if (!has_shape(relation, table_shape[t], owner))
        return false;
    int expected = 0;
    for (int i = 0; i < indexes; ++i) {
        if (index_shape[i].table != t)
            continue;
        ++expected;
        known.index[i] = get_relname_relid(index_shape[i].name, known.schema);
        if (!OidIsValid(known.index[i]) ||
            !list_member_oid(RelationGetIndexList(relation), known.index[i]))
            return false;
        Relation index = index_open(known.index[i], AccessShareLock);
        const bool fits = has_shape(index, index_shape[i]);
        index_close(index, AccessShareLock);
        if (!fits)
            return false;
    }
    if (table_shape[t].sequence != nullptr) {
        known.table[t].sequence = get_relname_relid(table_shape[t].sequence, known.schema);
        if (!OidIsValid(known.table[t].sequence))
            return false;
    }
    return list_length(RelationGetIndexList(relation)) == expected;
}

Relation open_table(KnownSchema &known, Table t, Oid owner) {
    auto &entry = known.table[t];
    Relation relation = entry.fit ? try_table_open(entry.oid, RowExclusiveLock) : nullptr;
    if (relation == nullptr) {
        entry.fit = false;
        entry.oid = get_relname_relid(table_shape[t].name, known.schema);
        relation = OidIsValid(entry.oid) ? try_relation_open(entry.oid, RowExclusiveLock) : nullptr;
    }
    if (relation == nullptr)
        return nullptr;
    if (!entry.fit || relation->rd_rel->relowner != owner)
        entry.fit = look_at(known, t, relation, owner);
    if (entry.fit)
        return relation;
    relation_close(relation, RowExclusiveLock);
    return nullptr;
}

bool belongs_in(const IndexShape &shape, const Values &values) {
    return shape.holds == Holds::All ||
           (shape.holds == Holds::Null) == values.null[shape.about - 1];
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
        known_ = known_schema(schema_);
        for (std::size_t n = 0; n < count && unfit == tables; ++n) {
            const Table t = list[n];
            tables_[t] = open_table(*known_, t, owner_);
            if (tables_[t] == nullptr)
                unfit = t;
            for (int i = 0; i < indexes && unfit == tables; ++i)
                if (index_shape[i].table == t)
                    indexes_[i] = index_open(known_->index[i], RowExclusiveLock);
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
        const LOCKMODE release = wrote_ ? NoLock : RowExclusiveLock;
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
    IndexInfo *info = nullptr;
    for (int i = 0; i < indexes; ++i) {
        const IndexShape &shape = index_shape[i];
        if (shape.table != t || !belongs_in(shape, values))
            continue;
        if (info == nullptr)
            info = makeNode(IndexInfo);
        Datum key[3];
        bool null[3];
        for (int c = 0; c < shape.count; ++c) {
            key[c] = values.value[shape.columns[c] - 1];
            null[c] = values.null[shape.columns[c] - 1];
        }
        index_insert(indexes_[i], key, null, &tuple->t_self, relation,
                     shape.unique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO, false, info);
    }
    heap_freetuple(tuple);
}

bool Provider::update(Table t, const Row &row, const Values &values) {
    wrote_ = true;
    Relation relation = tables_[t];
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
    IndexInfo *info = makeNode(IndexInfo);
    for (int i = 0; i < indexes; ++i) {
        const IndexShape &shape = index_shape[i];
        if (shape.table != t || !belongs_in(shape, all))
            continue;
        Datum key[3];
        bool null[3];
        for (int c = 0; c < shape.count; ++c) {
            key[c] = all.value[shape.columns[c] - 1];
            null[c] = all.null[shape.columns[c] - 1];
        }
        index_insert(indexes_[i], key, null, &changed->t_self, relation,
                     shape.unique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO, false, info);
    }
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
