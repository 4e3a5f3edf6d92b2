// What becomes of a request that did not end well: an ERROR with the SQLSTATE of its cause.
#pragma once
#include "pg/call_node.hpp"

#include <string>

namespace pgcrew::erlang_bridge {

// The words and the SQLSTATE of each cause stand in core/link/cause.cpp; the detail tells the node,
// what was called, and the term that the node sent.
Error error_of(const CallOutcome &outcome, const NodeName &node, const std::string &what);
[[noreturn]] void raise_cause(Cause cause, const NodeName &node);

// The term as JSON text, cut off where it gets long. A term that cannot be read is described.
std::string shown(std::string_view term);

} // namespace pgcrew::erlang_bridge
