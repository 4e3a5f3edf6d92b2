// The process that starts and dismisses workers (design: supervisor.cpp).
#pragma once
#include "pg/registry.hpp"

namespace pgcrew::bgjob {

// Preloaded: the postmaster keeps the supervisor. Called from _PG_init.
void register_supervisor();

// Starts the supervisor if there is none. False if there is no slot for it either: the job then
// waits in its queue until somebody calls again.
bool ensure_supervisor();

void wake_supervisor(Locked &locked);

// Starts a worker from this session, for callers that will not wait; false when no slot is free.
bool start_worker_now(Oid database, Oid role);

} // namespace pgcrew::bgjob
