// The settings of the launching session, carried to the worker in the form that the server uses
// for its parallel workers (SerializeGUCState), less those that belong to one session or one
// transaction: role, session_authorization (the worker has its own identity), the isolation of
// the transaction at hand, the seed of random().
#pragma once
#include "pgcrew/postgres.hpp"

#include <string>
#include <string_view>

namespace pgcrew::bgjob {

// This session's settings, as a job that runs as `role` shall see them.
std::string capture_settings(Oid role);

// Makes the captured settings this session's; all others get their defaults. Needs a transaction.
void apply_settings(std::string_view captured);

} // namespace pgcrew::bgjob
