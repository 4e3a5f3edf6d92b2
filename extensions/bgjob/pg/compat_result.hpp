#pragma once
#include "pg/compat_session.hpp"

namespace pgcrew::bgjob::pg_background {

// The rows of a job as the result of the running set-returning call. That takes it off the list,
// and so does its error; any other failure leaves the rows for another call.
Datum take_rows(FunctionCallInfo fcinfo, Attached &job);

} // namespace pgcrew::bgjob::pg_background
