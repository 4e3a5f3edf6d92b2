#include "pg/durable/extension_lock.hpp"

#include "pg/durable/own_relation.hpp"

extern "C" {
#include <catalog/pg_extension.h>
#include <commands/extension.h>
#include <storage/lmgr.h>
}

namespace pgcrew::bgjob {
namespace {

// Looking it up reads the catalogue, so that is done once in the life of a table.
struct {
    Oid table, extension;
} installed;

} // namespace

void hold_extension() {
    call([] {
        const Oid table = own_relation("job");
        if (!OidIsValid(table))
            return;
        if (installed.table != table)
            installed = {table, get_extension_oid("bgjob", true)};
        if (OidIsValid(installed.extension))
            LockDatabaseObject(ExtensionRelationId, installed.extension, 0, AccessShareLock);
    });
}

} // namespace pgcrew::bgjob
