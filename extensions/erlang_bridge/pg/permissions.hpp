// Who may do what: members of erlang_call what the table erlang_bridge.permission grants them,
// members of erlang_admin and superusers anything, but what is forbidden needs for everybody a
// grant that names it. Decisions are kept until a table or a role changes.
#pragma once
#include "core/link/node_name.hpp"
#include "core/policy/permission.hpp"
#include "pgcrew/postgres.hpp"

#include <string_view>

namespace pgcrew::erlang_bridge {

// All of these ask for the current user, need a transaction, and throw 42501 with a hint.

// `arguments` is the encoded list of arguments without a version byte: funs in it are checked as if
// they were called.
void require_call(const NodeName &node, std::string_view module, std::string_view function,
                  std::string_view arguments);
// `server` as in SQL: 'kv', 'global:name', 'via:module:name'; 'pid' for any pid. Funs in the
// message are checked too.
void require_message(const NodeName &node, std::string_view server, std::string_view message = {});
void require_connect();
void require_admin();

// The same as an answer, for any role.
bool permitted(Oid role, std::string_view node, const Permission &wanted);

} // namespace pgcrew::erlang_bridge
