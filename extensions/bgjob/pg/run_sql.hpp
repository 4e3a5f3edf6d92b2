// Executes the SQL text of a job in the current transaction.
#pragma once
#include "pgcrew/postgres.hpp"

#include <string>

namespace pgcrew::bgjob {

class SpoolWriter;

// Runs every statement; the rows of the last one go to `output`, or the command tags of all if it
// returns none. Returns the last command tag. `sql` must outlive the transaction, and the current
// memory context must too: a procedure may commit.
std::string run_sql(const std::string &sql, SpoolWriter &output);

} // namespace pgcrew::bgjob
