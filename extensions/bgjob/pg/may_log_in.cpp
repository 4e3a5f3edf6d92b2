#include "pg/may_log_in.hpp"

#include "pgcrew/compat.hpp"
#include "pgcrew/error.hpp"

extern "C" {
#include <catalog/pg_authid.h>
#include <miscadmin.h>
#include <utils/syscache.h>
}

namespace pgcrew::bgjob {

void check_may_log_in(Oid role) {
    if (compat::bypass_role_login_check != 0)
        return;
    bool may = false;
    const char *name = nullptr;
    call([&] {
        HeapTuple tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
        if (!HeapTupleIsValid(tuple))
            return;
        may = (reinterpret_cast<Form_pg_authid>(GETSTRUCT(tuple)))->rolcanlogin;
        name = GetUserNameFromId(role, true);
        ReleaseSysCache(tuple);
    });
    if (!may)
        throw Error(SqlState{"28000"},
                    "role \"" + std::string(name ? name : "") + "\" is not permitted to log in",
                    "Before PostgreSQL 17, a job's worker can only run as a role with LOGIN.",
                    "Launch the job as a role with LOGIN, or grant LOGIN to this one.");
}

} // namespace pgcrew::bgjob
