// SQL functions that keep the table of permissions.
#include "core/policy/forbidden.hpp"
#include "core/policy/pattern.hpp"
#include "pg/own_tables.hpp"
#include "pg/permissions.hpp"
#include "pgcrew/args.hpp"
#include "pgcrew/spi.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <miscadmin.h>
#include <utils/lsyscache.h>
#include <utils/syscache.h>
}

namespace pgcrew::erlang_bridge {
namespace {

Permission require_permission(std::string_view what) {
    const std::optional<Permission> permission = parse_permission(what);
    if (!permission)
        throw Error(sqlstate::invalid_parameter_value, "invalid permission",
                    "\"" + std::string(what.substr(0, 300)) + "\" names nothing that is granted.",
                    "Calls are written as 'module:function', messages as '!server', and \"*\" "
                    "stands for any run of characters.");
    return *permission;
}

void require_node_pattern(const std::string &pattern) {
    if (!valid_node_pattern(pattern))
        throw Error(sqlstate::invalid_parameter_value, "invalid pattern of Erlang nodes",
                    "\"" + pattern.substr(0, 300) + "\" can match no node.",
                    "It is a name of the form name@host, in which \"*\" stands for any run of "
                    "characters.");
}

Oid require_role(Oid role) {
    if (!call([&] { return SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(role)); }))
        throw Error(sqlstate::undefined_object,
                    "role with OID " + std::to_string(role) + " does not exist");
    return role;
}

// What erlang_grant and erlang_revoke are given.
struct Grant {
    Value role;
    std::string node, what;
    Permission permission;

    explicit Grant(const Args &args)
        : role(Value::datum(ObjectIdGetDatum(args.oid(0, "role")), REGROLEOID)),
          node(args.text(1, "node")), what(args.text(2, "what")),
          permission(require_permission(what)) {
        require_node_pattern(node);
    }
    Grant(const Grant &) = delete; // `permission` refers to `what`
    Grant &operator=(const Grant &) = delete;
};

} // namespace
} // namespace pgcrew::erlang_bridge

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

// erlang_grant(role regrole, node text, what text)
PGCREW_FUNCTION(erlang_bridge_grant) {
    const Args args(fcinfo);
    require_admin();
    const Grant grant(args);
    require_role(args.oid(0));
    const std::string_view why = why_forbidden(grant.permission);
    if (grant.permission.is_literal() && !why.empty() && !call([] { return superuser(); }))
        throw Error(sqlstate::insufficient_privilege, "permission denied to grant " + grant.what,
                    "It gives control over the node (" + std::string(why) + ").",
                    "Only superusers may grant it.");
    const UserScope owner = as_owner(OwnTable::Permission);
    Spi spi;
    const Rows rows = spi.execute("insert into erlang_bridge.permission (role, node, what) "
                                  "values ($1, $2, $3) on conflict do nothing",
                                  grant.role, grant.node, grant.what);
    return BoolGetDatum(rows.processed() > 0);
}

// erlang_revoke(role regrole, node text, what text)
PGCREW_FUNCTION(erlang_bridge_revoke) {
    const Args args(fcinfo);
    require_admin();
    const Grant grant(args);
    const UserScope owner = as_owner(OwnTable::Permission);
    Spi spi;
    const Rows rows = spi.execute("delete from erlang_bridge.permission "
                                  "where role = $1 and node = $2 and what = $3",
                                  grant.role, grant.node, grant.what);
    return BoolGetDatum(rows.processed() > 0);
}

// erlang_bridge.permitted(role regrole, node text, what text)
PGCREW_FUNCTION(erlang_bridge_permitted) {
    const Args args(fcinfo);
    const Oid role = require_role(args.oid(0, "role"));
    const std::string node = args.text(1, "node"), what = args.text(2, "what");
    return BoolGetDatum(permitted(role, node, require_permission(what)));
}
