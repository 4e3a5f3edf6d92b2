// The process that finds the durable jobs of a database that are due (design: dispatcher.cpp), and
// when there is one (design: start_dispatchers.cpp).
#pragma once
#include "pg/registry.hpp"

#include <chrono>
#include <vector>

namespace pgcrew::bgjob {

// From a session that has committed jobs: has the dispatcher look, and starts it if there is none.
void want_dispatcher(Oid database);
// The same under the lock, held exclusively, where the supervisor is known to be there.
void rouse_dispatcher(Locked &locked, DurableDatabase &entry);

// By the supervisor: starts the dispatchers that are wanted. How long until it has to look again.
std::chrono::milliseconds start_dispatchers();

// Whether any is there or will have to be started. Lock held.
bool dispatchers_are_needed(const Locked &);

// Those that have a dispatcher, and having it leave; another one is started if there is more to do.
std::vector<Oid> dispatched_databases();
void dismiss_dispatcher(Oid database);

} // namespace pgcrew::bgjob
