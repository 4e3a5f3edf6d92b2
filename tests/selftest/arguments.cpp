// Arguments and results.
#include "pgcrew/args.hpp"
#include "probe.hpp"

extern "C" {
#include <catalog/pg_type.h>
}

PGCREW_FUNCTION(selftest_arguments) {
    const pgcrew::Args a(fcinfo);
    const pgcrew::Record record(fcinfo);
    return record.make({a.boolean(0, "yes"), a.int32(1, "small"), a.int64(2, "big"),
                        a.float64(3, "real"), a.text(4, "words"), a.oid(5, "object"),
                        a.timestamp(6, "moment"), pgcrew::Jsonb{a.jsonb(7)}});
}

PGCREW_FUNCTION(selftest_interval_ms) {
    return pgcrew::result(fcinfo, pgcrew::Args(fcinfo).opt_interval_ms(0));
}

// Microseconds of a timestamptz since the Unix epoch, there and back.
PGCREW_FUNCTION(selftest_unix_us) { PG_RETURN_INT64(pgcrew::Args(fcinfo).timestamp(0).unix_us); }
PGCREW_FUNCTION(selftest_from_unix_us) {
    return pgcrew::result(fcinfo, pgcrew::Timestamp{pgcrew::Args(fcinfo).int64(0)});
}

// Text with a byte that no encoding of a test has.
PGCREW_FUNCTION(selftest_invalid_text) { return pgcrew::make_text("broken \xff"); }

// A row, right or wrong in the way asked for.
PGCREW_FUNCTION(selftest_row) {
    const std::string how = pgcrew::Args(fcinfo).text(0);
    const pgcrew::Record record(fcinfo);
    if (how == "short")
        return record.make({1});
    if (how == "wrong")
        return record.make({"one", "uno"});
    return record.make({1, how == "null" ? std::nullopt : std::optional<std::string>("uno")});
}

// Numbers and their squares, as a set of rows.
PGCREW_FUNCTION(selftest_squares) {
    const pgcrew::Args a(fcinfo);
    pgcrew::SetResult rows(fcinfo);
    for (std::int32_t i = 1; i <= a.int32(0, "count"); ++i) {
        if (i % 3 == 0)
            rows.put({i, std::nullopt, "a multiple of three"});
        else
            rows.put({i, std::int64_t{i} * i, std::string(static_cast<std::size_t>(i), '*')});
    }
    return rows.done();
}

PGCREW_FUNCTION(selftest_words) {
    pgcrew::SetResult rows(fcinfo);
    for (const char *word : {"one", "two"})
        rows.put({word});
    return rows.done();
}
