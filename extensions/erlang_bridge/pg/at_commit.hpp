// What is asked of the bridge when the transaction commits, and not at all when it, or the
// subtransaction, is rolled back. Each request lies ready in its slot from the beginning, so that
// nothing can fail after the commit.
#pragma once
#include "pg/call_node.hpp"

namespace pgcrew::erlang_bridge {

// 55000 in direct mode: `what` is not possible then.
void send_at_commit(RequestKind kind, const Target &target, const Item &item, const char *what);
void send_now(RequestKind kind, const Target &target, const Item &item, const char *what);

// Nothing in direct mode.
void connect_at_commit(const Target &target);
void set_cookie_at_commit(const NodeName &name, std::string_view sealed);
void forget_at_commit(const NodeName &name); // disconnects, and forgets the cookie

} // namespace pgcrew::erlang_bridge
