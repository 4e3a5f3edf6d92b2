// Errors in both directions, the taint, and the log.
#include "pgcrew/args.hpp"
#include "pgcrew/json.hpp"
#include "pgcrew/server_error.hpp"
#include "pgcrew/xact.hpp"
#include "probe.hpp"

#include <exception>
#include <new>
#include <stdexcept>
#include <vector>

extern "C" {
#include <executor/spi.h>
#include <tcop/dest.h>
#include <utils/fmgrprotos.h>
}

using selftest::Probe;

namespace {

// A server error with every field filled.
void raise_full_error() {
    ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION), errmsg("full error"),
                    errdetail("Its detail."), errdetail_log("Its detail for the log."),
                    errhint("Its hint."), errcontext("its context"), errposition(3),
                    internalerrposition(5), internalerrquery("select internal"),
                    err_generic_string(PG_DIAG_SCHEMA_NAME, "its schema"),
                    err_generic_string(PG_DIAG_TABLE_NAME, "its table"),
                    err_generic_string(PG_DIAG_COLUMN_NAME, "its column"),
                    err_generic_string(PG_DIAG_DATATYPE_NAME, "its type"),
                    err_generic_string(PG_DIAG_CONSTRAINT_NAME, "its constraint")));
}

void fail(const std::string &kind) {
    const Probe probe;
    const std::string big(1000, 'x'); // on the heap: lost if a jump skipped its destructor
    const std::vector<char> more(1000);
    if (kind == "division")
        pgcrew::call([] { selftest::divide_by_zero(); });
    if (kind == "full")
        pgcrew::call([] { raise_full_error(); });
    if (kind == "error")
        throw pgcrew::Error(pgcrew::sqlstate::invalid_parameter_value, "our error", "Our detail.",
                            "Our hint.");
    if (kind == "bare")
        throw pgcrew::Error(pgcrew::SqlState("ZX123"), "");
    if (kind == "bad_alloc")
        throw std::bad_alloc();
    if (kind == "runtime_error")
        throw std::runtime_error("a runtime error, 100%s");
    if (kind == "foreign")
        throw std::runtime_error("bytes \xff\xc3( and \xc3\xa4");
    if (kind == "foreign detail")
        throw pgcrew::Error(pgcrew::sqlstate::internal_error, "bad detail", "cut \xe2\x82", "\x80");
    if (kind == "int")
        throw 42;
    if (kind == "json")
        (void)pgcrew::parse_json(R"({"a": nope})");
    if (kind == "length")
        (void)std::vector<char>().at(1);
}

bool receive(TupleTableSlot *, DestReceiver *) {
    const Probe probe;
    throw pgcrew::Error(pgcrew::sqlstate::invalid_text_representation, "the receiver failed");
}
void start(DestReceiver *, int, TupleDesc) {}
void done(DestReceiver *) {}
} // namespace

PGCREW_FUNCTION(selftest_one) { PG_RETURN_INT32(1); }

// Raises the kind of error asked for, through C++ frames with destructors.
PGCREW_FUNCTION(selftest_fail) {
    const Probe probe;
    fail(pgcrew::Args(fcinfo).text(0));
    PG_RETURN_VOID();
}

// Every field of the description of an error.
PGCREW_FUNCTION(selftest_describe) {
    const std::string kind = pgcrew::Args(fcinfo).text(0);
    const pgcrew::Record record(fcinfo);
    pgcrew::ServerErrorData d;
    try {
        pgcrew::in_subtransaction([&] { fail(kind); });
    } catch (const std::exception &) {
        d = pgcrew::describe_current_exception();
    }
    return record.make({d.state.text(), d.message, d.detail, d.detail_log, d.hint, d.context,
                        d.schema_name, d.table_name, d.column_name, d.datatype_name,
                        d.constraint_name, d.internalquery, d.internalpos, d.cursorpos, d.filename,
                        d.funcname, d.lineno > 0});
}

// Writes the error to the log alone.
PGCREW_FUNCTION(selftest_log) {
    const pgcrew::Args a(fcinfo);
    const std::string kind = a.text(0);
    for (std::int32_t i = 0; i < a.int32(1); ++i) {
        try {
            pgcrew::in_subtransaction([&] { fail(kind); });
        } catch (const std::exception &) {
            pgcrew::log_server_error(pgcrew::describe_current_exception());
        }
    }
    PG_RETURN_VOID();
}

// Forgets the error of a statement, in a subtransaction or against the rules.
PGCREW_FUNCTION(selftest_swallow) {
    const pgcrew::Args a(fcinfo);
    const std::string sql = a.text(1);
    pgcrew::Spi spi;
    const auto run = [&] {
        const Probe probe;
        spi.execute(pgcrew::Sql::given(sql));
    };
    bool failed = false;
    try {
        if (a.boolean(0))
            pgcrew::in_subtransaction(run);
        else
            run();
    } catch (const pgcrew::ServerError &) {
        failed = true;
    }
    if (a.boolean(0))
        spi.execute("select 1"); // the session is still of use
    PG_RETURN_BOOL(failed);
}

// Tries to forget a cancel: first as careless code does, then with the bluntest catch.
PGCREW_FUNCTION(selftest_swallow_cancel) {
    const Probe probe;
    try {
        try {
            pgcrew::call([] { DirectFunctionCall1(pg_sleep, Float8GetDatum(60)); });
        } catch (const std::exception &) {
            PG_RETURN_BOOL(true);
        }
    } catch (...) {
    }
    PG_RETURN_BOOL(true);
}

// A destructor whose server call fails, with and without an error on its way.
PGCREW_FUNCTION(selftest_failing_cleanup) {
    struct Careless {
        ~Careless() {
            pgcrew::cleanup("testing", [] { selftest::divide_by_zero(); });
        }
    };
    const Careless careless;
    fail(pgcrew::Args(fcinfo).text(0));
    PG_RETURN_BOOL(pgcrew::tainted());
}

// A destructor that comes back to C++ through the server: what is on its way is not its error.
PGCREW_FUNCTION(selftest_callback_in_cleanup) {
    struct Careful {
        ~Careful() {
            pgcrew::cleanup("testing",
                            [] { DirectFunctionCall1(selftest_one, BoolGetDatum(true)); });
        }
    };
    const Careful careful;
    fail(pgcrew::Args(fcinfo).text(0));
    PG_RETURN_VOID();
}

// A cancel that comes while a destructor is busy.
PGCREW_FUNCTION(selftest_cancel_in_cleanup) {
    const Probe probe;
    QueryCancelPending = true;
    InterruptPending = true;
    pgcrew::cleanup("testing", [] { CHECK_FOR_INTERRUPTS(); });
    pgcrew::check_for_interrupts();
    PG_RETURN_VOID();
}

// C++ -> server -> C++ that throws -> server -> C++, which sees it and lets it go on.
PGCREW_FUNCTION(selftest_callback) {
    const Probe probe;
    const pgcrew::Spi spi;
    DestReceiver dest{};
    dest.receiveSlot = pgcrew::callback<&receive>;
    dest.rStartup = pgcrew::callback<&start>;
    dest.rShutdown = pgcrew::callback<&done>;
    dest.rDestroy = pgcrew::callback<&done>;
    dest.mydest = DestNone;
    SPIExecuteOptions options{};
    options.dest = &dest;
    try {
        pgcrew::call([&] { SPI_execute_extended("select generate_series(1, 10)", &options); });
    } catch (const pgcrew::ServerError &e) {
        const std::string seen = e.state().text() + " " + e.what();
        pgcrew::call([&] { elog(NOTICE, "seen: %s", seen.c_str()); });
        throw;
    }
    PG_RETURN_VOID();
}

// Living probes, and the server's globals that errors may leave behind.
PGCREW_FUNCTION(selftest_state) {
    return pgcrew::Record(fcinfo).make({Probe::alive, Probe::destroyed > 0,
                                        static_cast<std::int64_t>(InterruptHoldoffCount),
                                        static_cast<std::int64_t>(QueryCancelHoldoffCount),
                                        pgcrew::tainted(), error_context_stack == nullptr});
}
