#include "pgcrew/values.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <datatype/timestamp.h>
#include <mb/pg_wchar.h>
#include <utils/array.h>
#include <utils/builtins.h>
#include <utils/fmgrprotos.h>
#include <utils/timestamp.h>
}

namespace pgcrew {
namespace {
constexpr std::int64_t epoch_difference_us =
    (std::int64_t{POSTGRES_EPOCH_JDATE} - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
} // namespace

Datum to_datum(Timestamp t) noexcept {
    if (t.unix_us == Timestamp::infinity)
        return TimestampTzGetDatum(DT_NOEND);
    if (t.unix_us < Timestamp::minus_infinity + epoch_difference_us)
        return TimestampTzGetDatum(DT_NOBEGIN);
    return TimestampTzGetDatum(t.unix_us - epoch_difference_us);
}

Timestamp timestamp_from_datum(Datum datum) noexcept {
    const TimestampTz t = DatumGetTimestampTz(datum);
    if (TIMESTAMP_IS_NOBEGIN(t))
        return {Timestamp::minus_infinity};
    if (TIMESTAMP_IS_NOEND(t) || t > Timestamp::infinity - epoch_difference_us)
        return {Timestamp::infinity};
    return {t + epoch_difference_us};
}

Value::Value(std::nullopt_t) noexcept : type_(TEXTOID), null_(true) {}
Value::Value(bool value) noexcept : type_(BOOLOID), datum_(BoolGetDatum(value)) {}
Value::Value(double value) noexcept : type_(FLOAT8OID), datum_(Float8GetDatum(value)) {}
Value::Value(Oid value) noexcept : type_(OIDOID), datum_(ObjectIdGetDatum(value)) {}
Value::Value(Timestamp value) noexcept : type_(TIMESTAMPTZOID), datum_(to_datum(value)) {}
Value::Value(std::string_view text) noexcept
    : type_(TEXTOID), text_(text.data() != nullptr ? text.data() : ""), length_(text.size()) {}
Value::Value(const Jsonb &value) noexcept
    : type_(JSONBOID), text_(value.text.c_str()), length_(value.text.size()) {}
Value::Value(Integer, std::int64_t number, bool wide) noexcept
    : type_(wide ? INT8OID : INT4OID),
      datum_(wide ? Int64GetDatum(number) : Int32GetDatum(static_cast<int32>(number))) {}

Value Value::datum(Datum datum, Oid type) noexcept {
    Value value(std::nullopt);
    value.type_ = type;
    value.null_ = false;
    value.datum_ = datum;
    return value;
}

Value Value::null(Oid type) noexcept {
    Value value(std::nullopt);
    value.type_ = type;
    return value;
}

Datum Value::make() const {
    if (null_)
        return 0;
    if (text_ == nullptr)
        return datum_;
    if (length_ > MaxAllocSize / 2)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("text is too long")));
    (void)pg_verifymbstr(text_, static_cast<int>(length_), false);
    if (type_ == JSONBOID)
        return DirectFunctionCall1(jsonb_in, CStringGetDatum(text_));
    return PointerGetDatum(cstring_to_text_with_len(text_, static_cast<int>(length_)));
}

Value text_or_null(const std::string &text) noexcept {
    return text.empty() ? Value::null(TEXTOID) : Value(text);
}
Value int_or_null(std::int32_t n) noexcept { return n == 0 ? Value::null(INT4OID) : Value(n); }
Value bigint_or_null(std::int64_t n) noexcept { return n == 0 ? Value::null(INT8OID) : Value(n); }

Value interval_of(std::int64_t us) {
    return Value::datum(call([&] {
                            auto *interval = static_cast<Interval *>(palloc0(sizeof(Interval)));
                            interval->time = us;
                            return IntervalPGetDatum(interval);
                        }),
                        INTERVALOID);
}

Value text_array(const std::vector<std::string> &texts) {
    std::vector<Datum> items;
    items.reserve(texts.size());
    for (const std::string &text : texts)
        items.push_back(make_text(text));
    return Value::datum(call([&] {
                            return PointerGetDatum(
                                construct_array(items.data(), static_cast<int>(items.size()),
                                                TEXTOID, -1, false, TYPALIGN_INT));
                        }),
                        TEXTARRAYOID);
}

Datum make_text(std::string_view text) { return make_datum(Value(text)); }

Datum make_datum(const Value &value) {
    return call([&] { return value.make(); });
}
} // namespace pgcrew
