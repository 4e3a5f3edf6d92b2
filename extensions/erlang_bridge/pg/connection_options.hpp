// The settings as a connection takes them.
#pragma once
#include "core/net/node_connection.hpp"

namespace pgcrew::erlang_bridge {

NodeConnectionOptions connection_options(const NodeName &name);

} // namespace pgcrew::erlang_bridge
