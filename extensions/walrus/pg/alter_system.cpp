#include "pg/alter_system.hpp"

#include "pg/fault.hpp"
#include "pgcrew/xact.hpp"

#include <csignal>

extern "C" {
#include <nodes/makefuncs.h>
#include <nodes/parsenodes.h>
#include <nodes/value.h>
#include <utils/guc.h>
}

namespace pgcrew::walrus {
namespace {

// `mb` 0: RESET. The subtransaction's abort releases the lock on the file.
void alter_system(int mb) {
    in_transaction([&] {
        in_subtransaction([&] {
            if (fault("alter_system"))
                throw Error(SqlState{"53100"},
                            "could not write to file \"postgresql.auto.conf.tmp\"");
            call([&] {
                auto *set = makeNode(VariableSetStmt);
                set->name = pstrdup("max_wal_size");
                set->kind = mb == 0 ? VAR_RESET : VAR_SET_VALUE;
                if (mb != 0) {
                    auto *value = makeNode(A_Const);
                    value->val.sval.type = T_String;
                    value->val.sval.sval = psprintf("%dMB", mb);
                    value->location = -1;
                    set->args = list_make1(value);
                }
                auto *statement = makeNode(AlterSystemStmt);
                statement->setstmt = set;
                AlterSystemSetConfigFile(statement);
            });
        });
    });
}
} // namespace

void write_max_wal_size(int mb) { alter_system(mb); }

void remove_max_wal_size() { alter_system(0); }

void reload_configuration() {
    call([] {
        if (kill(PostmasterPid, SIGHUP) != 0)
            ereport(WARNING, (errmsg("failed to send signal to postmaster: %m")));
    });
}
} // namespace pgcrew::walrus
