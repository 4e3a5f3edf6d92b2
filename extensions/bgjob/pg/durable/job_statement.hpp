// The statement of a durable job: prepared once in a worker for all jobs with the same text, its
// parameters $1, $2, ... bound from a JSON array.
#pragma once
#include "pgcrew/error.hpp"
#include "pgcrew/postgres.hpp"

#include <optional>
#include <string>

extern "C" {
#include <tcop/dest.h>
}

namespace pgcrew::bgjob {

// Runs it in the open SPI session with the current search_path; its rows go to `rows`. A number
// of arguments that is not that of the parameters is 22023; what does not fit a parameter's type is
// the error of that type's input. A value is what its text means to the type; of json and jsonb,
// the value itself; null is NULL. With `extra` the statement may have one more parameter, for that.
void run_statement_of_job(const std::string &command, const std::optional<std::string> &args,
                          DestReceiver *rows, const std::optional<std::string> &extra = {});

// Runs it as a top-level statement, which may commit and refuse a transaction block; the
// transaction is new and has no SPI session. `memory` has to outlive it.
void run_top_level_statement(const std::string &command, const std::optional<std::string> &args,
                             DestReceiver *rows, MemoryContext memory);

// The same for "CALL procedure(...)" with an input of type jsonb if it has a parameter. The value
// of an OUT parameter; empty if there is none or it is null.
std::optional<std::string> run_call_of_job(const std::string &command,
                                           const std::optional<std::string> &input);

} // namespace pgcrew::bgjob
