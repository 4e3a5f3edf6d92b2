// The settings of erlang_bridge; docs/erlang_bridge.md lists them with units and ranges.
#pragma once
#include "core/etf/limits.hpp"
#include "core/link/breaker.hpp"
#include "pgcrew/backoff.hpp"
#include "pgcrew/postgres.hpp"

namespace pgcrew::erlang_bridge::settings {

enum Mode { ModeAuto, ModeWorker, ModeDirect };

extern int mode;
extern int workers, max_nodes, max_requests; // read once, by the first who uses the bridge
extern char *database;                       // of the nodes to be connected at server start
extern int connections_per_node;
extern int call_timeout, max_timeout, connect_timeout; // ms
extern int tick_time, idle_timeout, max_age;           // s; 0: never
extern int max_requests_per_role;                      // 0: no limit
extern int result_retention;                           // s
extern int result_memory, max_term_size;               // kB
extern int max_depth;                                  // of terms
extern int backoff_base, backoff_cap;                  // ms
extern double backoff_multiplier;                      // of the wait, a failure
extern int breaker_failures;                           // 0: never opens
extern int breaker_window, breaker_pause;              // s
extern double call_rate, connect_rate;                 // a second; 0: no limit
extern int byte_rate;                                  // kB a second; 0: no limit
extern char *allowed_nodes, *denied_addresses, *key_file;
extern int epmd_port;
extern char *own_host; // by which the peer makes our name
extern bool log_connections, trace;

Limits limits();              // of terms
std::string of_connections(); // all that connections are made with; differs if one of them does
BackoffOptions backoff();
BreakerOptions breaker();

void define();

} // namespace pgcrew::erlang_bridge::settings
