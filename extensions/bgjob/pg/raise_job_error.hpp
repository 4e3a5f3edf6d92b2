// The error of a job as an error of the session that asks for its result.
#pragma once
#include "core/error_record.hpp"

#include <string>

namespace pgcrew::bgjob {

// Raises it with every field. Its position becomes one in `sql`, the job's text: it must not point
// into the reader's query. The reader's own context lines follow the worker's.
[[noreturn]] void raise_job_error(const ErrorFields &error, const std::string &sql);

} // namespace pgcrew::bgjob
