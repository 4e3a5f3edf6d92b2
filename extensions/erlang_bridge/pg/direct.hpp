// Direct mode: the session has connections of its own, for calls only. They live as long as the
// session; nobody answers ticks while it runs something else, so a node may close them, which is
// noticed before the next call is sent.
#pragma once
#include "pg/call_node.hpp"

namespace pgcrew::erlang_bridge {

void call_directly(const NodeCall &call, const std::function<void(const CallOutcome &)> &then);

// Throws the cause why there is no connection.
void connect_directly(const Target &target, Time timeout);
bool connected_directly(const NodeName &name);
bool disconnect_directly(const NodeName &name); // false if there was none

} // namespace pgcrew::erlang_bridge
