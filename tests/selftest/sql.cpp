// Typed SQL.
#include "pgcrew/args.hpp"
#include "pgcrew/spi.hpp"
#include "probe.hpp"

#include <stdexcept>

namespace {
struct Everything {
    std::optional<bool> boolean;
    std::optional<std::int32_t> small;
    std::optional<std::int64_t> big;
    std::optional<double> real;
    std::optional<std::string> text;
    std::optional<pgcrew::Jsonb> json;
    std::optional<pgcrew::Timestamp> time;
    std::optional<Oid> oid;
};

// All types there and back; the values outlive the session.
Everything round_trip(const Everything &e) {
    pgcrew::Spi spi;
    const pgcrew::Rows rows = spi.execute("select $1, $2, $3, $4, $5, $6, $7, $8", e.boolean,
                                          e.small, e.big, e.real, e.text, e.json, e.time, e.oid);
    return {rows.opt<bool>(0, 0),
            rows.opt<std::int32_t>(0, 1),
            rows.opt<std::int64_t>(0, 2),
            rows.opt<double>(0, 3),
            rows.opt<std::string>(0, 4),
            rows.opt<pgcrew::Jsonb>(0, 5),
            rows.opt<pgcrew::Timestamp>(0, 6),
            rows.opt<Oid>(0, 7)};
}
} // namespace

PGCREW_FUNCTION(selftest_round_trip) {
    const pgcrew::Args a(fcinfo);
    std::optional<pgcrew::Jsonb> json;
    if (const auto text = a.opt_jsonb(5))
        json = pgcrew::Jsonb{*text};
    const Everything e =
        round_trip({a.opt_boolean(0), a.opt_int32(1), a.opt_int64(2), a.opt_float64(3),
                    a.opt_text(4), json, a.opt_timestamp(6), a.opt_oid(7)});
    return pgcrew::Record(fcinfo).make(
        {e.boolean, e.small, e.big, e.real, e.text, e.json, e.time, e.oid});
}

// Runs a statement and tells its size, the rows it touched, and the text of its first cell.
PGCREW_FUNCTION(selftest_execute) {
    const pgcrew::Args a(fcinfo);
    pgcrew::Spi spi;
    const pgcrew::Rows rows =
        spi.execute(pgcrew::SpiOptions{.read_only = a.boolean(1),
                                       .limit = static_cast<std::uint64_t>(a.int64(2))},
                    pgcrew::Sql::given(a.text(0)));
    std::optional<std::string> first;
    if (!rows.empty())
        first = rows.opt<std::string>(0, 0);
    // Made while the session is open: lives in the caller's memory.
    return pgcrew::Record(fcinfo).make({static_cast<std::int64_t>(rows.size()),
                                        static_cast<std::int64_t>(rows.columns()),
                                        static_cast<std::int64_t>(rows.processed()), first});
}

// What Rows refuses.
PGCREW_FUNCTION(selftest_misread) {
    const std::string how = pgcrew::Args(fcinfo).text(0);
    const pgcrew::Rows rows = pgcrew::Spi().execute(
        "select 1 as number, 'word'::text as word, null::integer as nothing, 2::smallint as small");
    if (how == "number as text")
        (void)rows.get<std::string>(0, 0);
    if (how == "text as number")
        (void)rows.get<std::int32_t>(0, 1);
    if (how == "text as wide number")
        (void)rows.get<std::int64_t>(0, 1);
    if (how == "text as boolean")
        (void)rows.get<bool>(0, 1);
    if (how == "text as real")
        (void)rows.get<double>(0, 1);
    if (how == "text as jsonb")
        (void)rows.get<pgcrew::Jsonb>(0, 1);
    if (how == "text as time")
        (void)rows.get<pgcrew::Timestamp>(0, 1);
    if (how == "text as oid")
        (void)rows.get<Oid>(0, 1);
    if (how == "null")
        (void)rows.get<std::int32_t>(0, 2);
    if (how == "row")
        (void)rows.is_null(1, 0);
    if (how == "column")
        (void)rows.is_null(0, 4);
    // integers widen
    PG_RETURN_BOOL(rows.get<std::int64_t>(0, 0) == 1 && rows.get<std::int64_t>(0, 3) == 2 &&
                   rows.get<std::int32_t>(0, 3) == 2);
}

// A session closed by a C++ exception that is caught: nothing is tainted.
PGCREW_FUNCTION(selftest_session_and_exception) {
    try {
        pgcrew::Spi spi;
        spi.execute("select 1");
        throw std::runtime_error("no business of the server");
    } catch (const std::runtime_error &) {
    }
    PG_RETURN_INT32(pgcrew::Spi().execute("select 2").get<std::int32_t>(0, 0));
}
