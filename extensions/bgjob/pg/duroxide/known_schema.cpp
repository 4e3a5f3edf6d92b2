#include "pg/duroxide/known_schema.hpp"

extern "C" {
#include <access/relation.h>
#include <access/table.h>
#include <catalog/pg_am.h>
#include <catalog/pg_class.h>
#include <catalog/pg_collation.h>
#include <catalog/pg_index.h>
#include <catalog/pg_type.h>
#include <utils/inval.h>
#include <utils/lsyscache.h>
#include <utils/memutils.h>
}

namespace pgcrew::bgjob::duroxide {

const TableShape table_shape[tables] = {
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

const IndexShape index_shape[indexes] = {
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

namespace {

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

KnownSchema *known_schemas = nullptr;

void forget_relation(Datum, Oid relation) {
    for (KnownSchema *known = known_schemas; known != nullptr; known = known->next)
        for (auto &table : known->table)
            if (relation == InvalidOid || relation == table.oid)
                table.fit = false;
}

} // namespace

KnownSchema *known_schema(Oid schema) {
    if (known_schemas == nullptr)
        CacheRegisterRelcacheCallback(callback<&forget_relation>, 0);
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

namespace {

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

} // namespace

// Whoever alters a table tells all others when they lock it.
Relation open_table(KnownSchema &known, Table t, Oid owner, LOCKMODE lock) {
    auto &entry = known.table[t];
    if (entry.fit) {
        Relation relation = try_table_open(entry.oid, lock);
        if (relation != nullptr && entry.fit && relation->rd_rel->relowner == owner)
            return relation;
        if (relation != nullptr)
            table_close(relation, lock);
    }
    entry.oid = get_relname_relid(table_shape[t].name, known.schema);
    Relation relation = OidIsValid(entry.oid) ? try_relation_open(entry.oid, lock) : nullptr;
    if (relation == nullptr)
        return nullptr;
    entry.fit = look_at(known, t, relation, owner);
    if (entry.fit)
        return relation;
    relation_close(relation, lock);
    return nullptr;
}

} // namespace pgcrew::bgjob::duroxide
