// result() and result_json(): the rows of a job as the rows of a query.
//
// The order is always: the columns, as soon as the worker knows them; the rows, as they come; the
// job's messages; its error, if it has one. With max_rows the first rows are enough, and neither
// messages nor the error are asked for.
#include "pg/result.hpp"

#include "pg/access.hpp"
#include "pg/error_of_job.hpp"
#include "pg/notices.hpp"
#include "pg/raise_job_error.hpp"
#include "pg/row_decoder.hpp"
#include "pg/spool_reader.hpp"

extern "C" {
#include <utils/builtins.h>
#include <utils/fmgrprotos.h>
}

namespace pgcrew::bgjob {
namespace {

uint64 row_count_argument(const Args &args, int i, const char *name, uint64 otherwise) {
    const std::optional<int64> n = args.opt_int64(i);
    if (!n)
        return otherwise;
    if (*n < 0)
        throw Error(sqlstate::invalid_parameter_value, std::string(name) + " must not be negative");
    return static_cast<uint64>(*n);
}

template <class F>
void read_rows(SpoolReader &reader, RowDecoder &decoder, RowRange &range, F put) {
    uint64 none = 0;
    while (range.max_rows > 0) {
        // Blocks that describe record types cannot be left out.
        const std::byte *block = reader.next(decoder.has_records() ? none : range.skip);
        if (block == nullptr || decoder.decode(block, range, put))
            return;
    }
}

void check_readable(JobId id, int64 cookie) {
    check_access(id, cookie);
    bool keeps_rows;
    Oid database;
    {
        Locked locked(LW_SHARED);
        const Job &job = require(locked, id, cookie);
        keeps_rows = job.keeps_rows;
        database = job.database;
    }
    if (!keeps_rows)
        throw Error(
            sqlstate::feature_not_supported, "results are disabled for job " + std::to_string(id),
            "It was submitted, and its rows were not kept.", "Use bgjob.launch to keep rows.");
    if (database != MyDatabaseId)
        throw Error(sqlstate::feature_not_supported,
                    "cannot read the rows of job " + std::to_string(id) + " in another database",
                    "Types mean something in the database of the job only.");
}

// The job has ended and its rows have been read, unless the range was complete before.
void conclude(JobId id, int64 cookie, const RowRange &range) {
    if (range.max_rows == 0)
        return;
    replay_notices(id, cookie);
    ErrorFields error;
    std::string sql;
    {
        Locked locked(LW_SHARED);
        const Job &job = require(locked, id, cookie);
        if (job.state == JobState::Succeeded)
            return;
        error = error_of(job);
        sql.assign(call([&] { return address<char>(job.request); }) + job.settings_size,
                   job.sql_size);
    }
    raise_job_error(error, sql);
}

void put_rows(JobId id, int64 cookie, RowRange range, const SetResult &rows) {
    SpoolReader reader(id, cookie);
    if (const auto row_type = reader.row_type()) {
        check_types_exist(id, *row_type);
        check_column_list(id, *row_type, rows.desc());
        RowDecoder decoder(id, *row_type, rows.desc());
        read_rows(reader, decoder, range, [store = rows.store()](TupleTableSlot *slot) {
            tuplestore_puttupleslot(store, slot);
        });
    }
    conclude(id, cookie, range);
}

// Server call.
void put_json(TupleTableSlot *slot, const SetResult &rows) {
    const Datum row = ExecFetchSlotHeapTupleDatum(slot);
    char *json_text = TextDatumGetCString(DirectFunctionCall1(row_to_json, row));
    Datum json = DirectFunctionCall1(jsonb_in, CStringGetDatum(json_text));
    bool null = false;
    tuplestore_putvalues(rows.store(), rows.desc(), &json, &null);
}

void require_column_list(FunctionCallInfo fcinfo) {
    TupleDesc desc = nullptr;
    if (call([&] { return get_call_result_type(fcinfo, nullptr, &desc); }) != TYPEFUNC_COMPOSITE)
        throw Error(sqlstate::feature_not_supported,
                    "function returning record called in context that cannot accept type record",
                    {}, "Call it in FROM with a column definition list.");
}

RowRange range_arguments(const Args &args) {
    return {row_count_argument(args, 2, "skip", 0),
            row_count_argument(args, 3, "max_rows", PG_UINT64_MAX)};
}

} // namespace

void put_rows_as_json(JobId id, int64 cookie, RowRange range, const SetResult &rows) {
    SpoolReader reader(id, cookie);
    if (const auto row_type = reader.row_type()) {
        check_types_exist(id, *row_type);
        RowDecoder decoder(id, *row_type, make_desc(*row_type));
        read_rows(reader, decoder, range, [&rows](TupleTableSlot *slot) { put_json(slot, rows); });
    }
    conclude(id, cookie, range);
}

Datum return_rows(FunctionCallInfo fcinfo, JobId id, int64 cookie, RowRange range) {
    require_column_list(fcinfo);
    check_readable(id, cookie);
    const SetResult rows(fcinfo);
    put_rows(id, cookie, range, rows);
    return rows.done();
}

PGCREW_FUNCTION(bgjob_result) {
    const Args args(fcinfo);
    const JobId id = args.int64(0, "id");
    const int64 cookie = args.int64(1, "cookie");
    return return_rows(fcinfo, id, cookie, range_arguments(args));
}

PGCREW_FUNCTION(bgjob_result_json) {
    const Args args(fcinfo);
    const JobId id = args.int64(0, "id");
    const int64 cookie = args.int64(1, "cookie");
    const RowRange range = range_arguments(args);
    const SetResult rows(fcinfo);
    check_readable(id, cookie);
    put_rows_as_json(id, cookie, range, rows);
    return rows.done();
}

} // namespace pgcrew::bgjob
