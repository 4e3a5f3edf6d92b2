// Fields of a job as SQL values: what is not there becomes NULL.
#pragma once
#include "pg/job.hpp"
#include "pgcrew/values.hpp"

#include <string>

extern "C" {
#include <catalog/pg_type.h>
}

namespace pgcrew::bgjob {

inline Value moment(TimestampTz at) noexcept {
    return at == 0 ? Value::null(TIMESTAMPTZOID)
                   : Value::datum(TimestampTzGetDatum(at), TIMESTAMPTZOID);
}
inline Value text_or_null(const std::string &text) noexcept {
    return text.empty() ? Value::null(TEXTOID) : Value(text);
}
inline Value oid_or_null(Oid oid) noexcept {
    return oid == InvalidOid ? Value::null(OIDOID) : Value(oid);
}
inline Value int_or_null(int32 n) noexcept { return n == 0 ? Value::null(INT4OID) : Value(n); }
inline Value bigint_or_null(int64 n) noexcept { return n == 0 ? Value::null(INT8OID) : Value(n); }

} // namespace pgcrew::bgjob
