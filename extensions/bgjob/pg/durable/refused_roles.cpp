// Roles of this database whose workers could not connect when they were last started: LOGIN or
// CONNECT was taken away, or there are too many connections.
#include "pg/access.hpp"
#include "pg/registry.hpp"
#include "pgcrew/args.hpp"

#include <vector>

extern "C" {
#include <catalog/pg_type.h>
#include <miscadmin.h>
#include <utils/elog.h>
}

namespace pgcrew::bgjob {
namespace {

struct RefusedRole {
    Oid role;
    SqlState why;
    TimestampTz next_try;
};

std::vector<RefusedRole> refused_roles() {
    std::vector<RefusedRole> found;
    const Locked locked(LW_SHARED);
    for (dsa_pointer p = segment().crews; p != InvalidDsaPointer;) {
        const Crew &crew = *call([&] { return address<Crew>(p); });
        p = crew.next;
        if (crew.database == MyDatabaseId && crew.refusals > 0)
            found.push_back({crew.role, SqlState(crew.last_refusal), crew.not_before});
    }
    return found;
}

} // namespace

PGCREW_FUNCTION(bgjob_refused_roles) {
    SetResult rows(fcinfo);
    for (const RefusedRole &r : refused_roles())
        if (may_use(r.role, r.role))
            rows.put({r.role, Value(r.why.text()),
                      Value::datum(TimestampTzGetDatum(r.next_try), TIMESTAMPTZOID)});
    return rows.done();
}

} // namespace pgcrew::bgjob
