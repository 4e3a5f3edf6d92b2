// Ending the connections of a node.
#pragma once
#include "core/link/node_name.hpp"

namespace pgcrew::erlang_bridge {

// Waits until it is done; false if there was none. Of a node that is not registered its cookie is
// forgotten.
bool disconnect(const NodeName &name, bool registered);

} // namespace pgcrew::erlang_bridge
