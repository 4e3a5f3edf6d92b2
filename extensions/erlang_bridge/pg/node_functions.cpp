// SQL functions that keep the table of nodes.
#include "pg/at_commit.hpp"
#include "pg/cookie_vault.hpp"
#include "pg/hidden_statement.hpp"
#include "pg/node_table.hpp"
#include "pg/own_tables.hpp"
#include "pg/permissions.hpp"
#include "pgcrew/spi.hpp"

extern "C" {
#include <catalog/pg_type.h>
}

namespace pgcrew::erlang_bridge {
namespace {

[[noreturn]] void throw_unknown(const NodeName &node) {
    throw Error(sqlstate::undefined_object, "node \"" + node.full() + "\" does not exist", {},
                "Add it with erlang_node_add().");
}

Value bytea_of(const std::string &bytes) {
    const Datum datum = call([&] {
        const Size size = VARHDRSZ + bytes.size();
        auto *const value = static_cast<bytea *>(palloc(size));
        SET_VARSIZE(value, size);
        memcpy(VARDATA(value), bytes.data(), bytes.size());
        return PointerGetDatum(value);
    });
    return Value::datum(datum, BYTEAOID);
}

} // namespace
} // namespace pgcrew::erlang_bridge

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

// erlang_node_add(node text, cookie text, automatic boolean)
PGCREW_FUNCTION(erlang_bridge_node_add) {
    const HiddenStatement hidden;
    const Args args(fcinfo);
    require_admin();
    const NodeName node = require_node_name(args.text(0, "node"));
    const std::string sealed = seal(cookie_argument(args, 1), node.full());
    const bool automatic = args.boolean(2, "automatic");
    const UserScope owner = as_owner(OwnTable::Node);
    Spi spi;
    const Rows rows = spi.execute("insert into erlang_bridge.node (name, sealed, automatic) "
                                  "values ($1, $2, $3) on conflict do nothing",
                                  node.full(), bytea_of(sealed), automatic);
    if (rows.processed() == 0)
        throw Error(sqlstate::duplicate_object, "node \"" + node.full() + "\" already exists", {},
                    "Another cookie is set with erlang_node_set_cookie().");
    if (automatic)
        connect_at_commit({node, sealed, automatic});
    return 0;
}

// erlang_node_set_cookie(node text, cookie text)
PGCREW_FUNCTION(erlang_bridge_node_set_cookie) {
    const HiddenStatement hidden;
    const Args args(fcinfo);
    require_admin();
    const NodeName node = require_node_name(args.text(0, "node"));
    const std::string sealed = seal(cookie_argument(args, 1), node.full());
    const UserScope owner = as_owner(OwnTable::Node);
    Spi spi;
    const Rows rows = spi.execute("update erlang_bridge.node set sealed = $2, "
                                  "cookie_set_at = pg_catalog.now() where name = $1",
                                  node.full(), bytea_of(sealed));
    if (rows.processed() == 0)
        throw_unknown(node);
    set_cookie_at_commit(node, sealed);
    return 0;
}

// erlang_node_remove(node text)
PGCREW_FUNCTION(erlang_bridge_node_remove) {
    const Args args(fcinfo);
    require_admin();
    const NodeName node = require_node_name(args.text(0, "node"));
    const UserScope owner = as_owner(OwnTable::Node);
    Spi spi;
    const Rows rows = spi.execute("delete from erlang_bridge.node where name = $1", node.full());
    forget_at_commit(node);
    return BoolGetDatum(rows.processed() > 0);
}

// erlang_bridge.check_cookie(node text)
PGCREW_FUNCTION(erlang_bridge_check_cookie) {
    const Args args(fcinfo);
    require_admin();
    const NodeName node = require_node_name(args.text(0, "node"));
    const std::optional<NodeRow> row = find_node(node.full());
    if (!row)
        throw_unknown(node);
    (void)unseal(row->sealed, node.full());
    return 0;
}
