// Getting a bridge worker.
#pragma once
#include "pg/shared.hpp"

namespace pgcrew::erlang_bridge {

// Preloaded: the postmaster keeps the workers. Called from _PG_init.
void register_workers();

// The worker that has automatic nodes connected. False if there is no slot for it.
bool start_starter();

// Starts the worker of that seat if there is none. False if there is no slot for one.
bool ensure_worker(int seat);

} // namespace pgcrew::erlang_bridge
