// A time as the job table keeps it, as a SQL value: 0 becomes NULL.
#pragma once
#include "pg/job.hpp"
#include "pgcrew/values.hpp"

extern "C" {
#include <catalog/pg_type.h>
}

namespace pgcrew::bgjob {

inline Value moment(TimestampTz at) noexcept {
    return at == 0 ? Value::null(TIMESTAMPTZOID)
                   : Value::datum(TimestampTzGetDatum(at), TIMESTAMPTZOID);
}

} // namespace pgcrew::bgjob
