#include "pg/durable/own_relation.hpp"

extern "C" {
#include <access/genam.h>
#include <access/htup_details.h>
#include <access/table.h>
#include <catalog/pg_class.h>
#include <catalog/pg_extension.h>
#include <miscadmin.h>
#include <utils/fmgroids.h>
#include <utils/fmgrprotos.h>
#include <utils/lsyscache.h>
#include <utils/syscache.h>
}

namespace pgcrew::bgjob {
namespace {

struct Extension {
    Oid owner, schema;
};

Extension look_up() {
    Extension found{};
    Relation catalog = table_open(ExtensionRelationId, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
                CStringGetDatum("bgjob"));
    SysScanDesc scan = systable_beginscan(catalog, ExtensionNameIndexId, true, nullptr, 1, &key);
    if (HeapTuple tuple = systable_getnext(scan)) {
        const auto *row = reinterpret_cast<Form_pg_extension>(GETSTRUCT(tuple));
        found = {row->extowner, row->extnamespace};
    }
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
    return found;
}

// Partitions come from dumps, too, and belong to whoever had them there.
bool belongs_to(const Extension &extension, Oid relation) {
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(tuple))
        return false;
    const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    ReleaseSysCache(tuple);
    return owner == extension.owner || superuser_arg(owner);
}

Oid find(const Extension &extension, const char *name) {
    const Oid relation =
        OidIsValid(extension.schema) ? get_relname_relid(name, extension.schema) : InvalidOid;
    return OidIsValid(relation) && belongs_to(extension, relation) ? relation : InvalidOid;
}

} // namespace

Oid own_relation(const char *name) {
    // What was known remains safe: nobody else gets that schema's OID, or relations of that owner.
    static Extension known;
    if (const Oid relation = find(known, name); OidIsValid(relation))
        return relation;
    known = look_up();
    return find(known, name);
}

} // namespace pgcrew::bgjob
