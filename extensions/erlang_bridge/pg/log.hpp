// What the bridge writes into the server log. Never a cookie, a path or a term.
#pragma once
#include "core/link/cause.hpp"
#include "pgcrew/error.hpp"

namespace pgcrew::erlang_bridge {

// Connections that come and go, once each: LOG, if erlang_bridge.log_connections is on.
void log_connected(const char *node);
void log_lost(const char *node, Cause cause);
// At DEBUG1, if erlang_bridge.trace is on.
void log_attempt_failed(const char *node, Cause cause);

// The same at DEBUG3.
void log_ended(const char *node, std::int64_t request, Cause cause);
void log_no_starter();
// A WARNING, and why.
void log_not_connected(const char *node, const Error &error);

} // namespace pgcrew::erlang_bridge
