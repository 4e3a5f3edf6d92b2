#include "pg/durable/owners_sql.hpp"

#include "pg/durable/job_table.hpp"

extern "C" {
#include <miscadmin.h>
}

namespace pgcrew::bgjob {

// Restricted: nothing that is done so changes the session, or runs later with its rights.
OwnersSql::OwnersSql()
    : owner_(JobTable().owner(), SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION) {
    settings_.set("search_path", "pg_catalog, pg_temp");
}

} // namespace pgcrew::bgjob
