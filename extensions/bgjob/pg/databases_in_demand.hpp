// Idle workers and dispatchers are no reason for DROP DATABASE, ALTER DATABASE or CREATE DATABASE
// ... TEMPLATE to fail: whoever locks a database so that nobody may use it sees them leave.
#pragma once

namespace pgcrew::bgjob {

// Asks those of such databases to leave. True while there are any workers or dispatchers, so that
// the next look has to come in time.
bool leave_databases_in_demand();

} // namespace pgcrew::bgjob
