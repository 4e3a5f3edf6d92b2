#include "pg/own_tables.hpp"

#include "pgcrew/compat.hpp"
#include "pgcrew/error.hpp"

extern "C" {
#include <catalog/namespace.h>
#include <commands/trigger.h>
#include <miscadmin.h>
#include <utils/acl.h>
#include <utils/inval.h>
#include <utils/lsyscache.h>
#include <utils/syscache.h>
}

namespace pgcrew::erlang_bridge {
namespace {

constexpr const char *names[] = {"node", "permission"};

std::uint64_t changes = 1;
Oid ids[] = {InvalidOid, InvalidOid}; // while nothing is known to have changed

// These run whenever the server takes news in, also while it handles an error: they only count.
void table_news(Datum, Oid relation) noexcept {
    for (Oid &id : ids) {
        if (relation == InvalidOid || relation == id) {
            id = InvalidOid; // it may have been dropped
            ++changes;
        }
    }
}

void role_news(Datum, compat::CatalogCache, uint32) noexcept { ++changes; }

Relation table_of_trigger(FunctionCallInfo fcinfo) {
    if (!CALLED_AS_TRIGGER(fcinfo))
        throw Error(sqlstate::feature_not_supported, "function can only be called as a trigger");
    return reinterpret_cast<TriggerData *>(fcinfo->context)->tg_relation;
}

void listen_for_news() {
    static bool listening = false;
    if (listening)
        return;
    call([] {
        CacheRegisterRelcacheCallback(callback<&table_news>, 0);
        CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, callback<&role_news>, 0);
        CacheRegisterSyscacheCallback(AUTHOID, callback<&role_news>, 0);
    });
    listening = true;
}

} // namespace

std::uint64_t generation() {
    listen_for_news();
    call([] { AcceptInvalidationMessages(); });
    return changes;
}

Oid own_table(OwnTable table) {
    listen_for_news();
    Oid &id = ids[static_cast<int>(table)];
    if (id == InvalidOid)
        id = call([&] {
            const Oid schema = get_namespace_oid("erlang_bridge", true);
            return OidIsValid(schema) ? get_relname_relid(names[static_cast<int>(table)], schema)
                                      : InvalidOid;
        });
    if (id == InvalidOid)
        throw Error(sqlstate::object_not_in_prerequisite_state,
                    "extension erlang_bridge does not exist in this database", {},
                    "CREATE EXTENSION erlang_bridge.");
    return id;
}

UserScope as_owner(OwnTable table) {
    const Oid id = own_table(table);
    const Oid owner = call([&] {
        const Relation relation = table_open(id, AccessShareLock);
        const Oid role = relation->rd_rel->relowner;
        table_close(relation, NoLock);
        return role;
    });
    return UserScope(owner, SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
}

} // namespace pgcrew::erlang_bridge

// Triggers of both tables. This one tells every session that the table has changed;
PGCREW_FUNCTION(erlang_bridge_table_changed) {
    const Relation table = pgcrew::erlang_bridge::table_of_trigger(fcinfo);
    pgcrew::call([&] { CacheInvalidateRelcache(table); });
    return 0;
}

// and this one keeps out who has the right to write the table and is not its owner.
PGCREW_FUNCTION(erlang_bridge_refuse_others) {
    const Relation table = pgcrew::erlang_bridge::table_of_trigger(fcinfo);
    if (!pgcrew::call([&] { return has_privs_of_role(GetUserId(), table->rd_rel->relowner); }))
        throw pgcrew::Error(pgcrew::sqlstate::insufficient_privilege,
                            "permission denied for table " +
                                std::string(RelationGetRelationName(table)),
                            "Only its owner may write a table of erlang_bridge.");
    return 0;
}
