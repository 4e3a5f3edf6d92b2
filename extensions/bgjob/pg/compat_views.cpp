// What pg_background tells of the session's jobs.
#include "pg/access.hpp"
#include "pg/compat_outcome.hpp"
#include "pg/compat_settings.hpp"
#include "pg/preview.hpp"
#include "pg/settings.hpp"
#include "pg/sql_values.hpp"

extern "C" {
Datum bgjob_command(PG_FUNCTION_ARGS);
}

namespace pgcrew::bgjob::pg_background {
namespace {

// Standing of a job that has to be known.
Standing require_standing(const Attached &job) {
    std::optional<Standing> standing = standing_of(job);
    if (!standing)
        throw_unknown_job(job.handle.id);
    return *std::move(standing);
}

std::string last_error(const std::optional<Standing> &standing) {
    if (!standing || standing->error.sqlstate == 0)
        return {};
    return preview(standing->error.message, bgjob::settings::error_length);
}

void put_row(SetResult &rows, const Attached &job) {
    const std::optional<Standing> standing = standing_of(job);
    const std::string error = last_error(standing);
    const Value launched_at = moment(job.launched_at);
    const char *state = state_word(standing);
    const bool consumed = false; // taking the rows takes the job off the list
    if (rows.desc()->natts == 9)
        rows.put({job.pid, job.handle.cookie, launched_at, job.owner, job.queue_size, state,
                  job.sql_preview, text_or_null(error), consumed});
    else
        rows.put({job.pid, job.handle.cookie, launched_at, job.owner, job.queue_size, state,
                  job.sql_preview, text_or_null(error), consumed, text_or_null(job.label)});
}

} // namespace

PGCREW_FUNCTION(bgjob_compat_list) {
    SetResult rows(fcinfo);
    const int columns = rows.desc()->natts;
    if (columns != 9 && columns != 10)
        throw Error(sqlstate::datatype_mismatch,
                    "pg_background_list() requires a 9- or 10-column definition list",
                    "Got " + std::to_string(columns) + " columns; expected 9 or 10.",
                    "Use the view \"pg_background_list\" instead of a column definition list.");
    for (const auto &[pid, job] : session().jobs)
        if (may_use(job))
            put_row(rows, job);
    return rows.done();
}

PGCREW_FUNCTION(bgjob_compat_stats) {
    const Session &here = session();
    const Counters &c = here.counters;
    const int64 ended = c.completed + c.failed + c.canceled;
    const double average = ended == 0 ? 0.0 : c.execution_ms / static_cast<double>(ended);
    const auto active = static_cast<int32>(here.jobs.size());
    const int32 limit = settings::max_workers();
    const Record record(fcinfo);
    if (record.desc()->natts == 7)
        return record.make({c.launched, c.completed, c.failed, c.canceled, active, average, limit});
    return record.make(
        {c.launched, c.completed, c.failed, c.canceled, c.timed_out, active, average, limit});
}

PGCREW_FUNCTION(bgjob_compat_worker_pid) {
    const Args args(fcinfo);
    const Attached *job = find(args.int32(0), args.int64(1));
    const std::optional<Standing> standing = job ? standing_of(*job) : std::nullopt;
    return result(fcinfo, int_or_null(standing ? standing->worker_pid : 0));
}

PGCREW_FUNCTION(bgjob_compat_get_progress) {
    const Args args(fcinfo);
    const Attached *job = find(args.int32(0), args.int64(1));
    const std::optional<Standing> standing = job ? standing_of(*job) : std::nullopt;
    if (!standing || standing->percent < 0)
        return null(fcinfo);
    return Record(fcinfo).make({standing->percent, text_or_null(standing->progress_message)});
}

PGCREW_FUNCTION(bgjob_compat_result_info) {
    const Standing s = require_standing(named_by(Args(fcinfo)));
    return Record(fcinfo).make({s.rows, command_word(s), finished(s.state), s.error.sqlstate != 0,
                                moment(s.started_at), moment(s.ended_at)});
}

PGCREW_FUNCTION(bgjob_compat_error_info) {
    const ErrorFields e = require_standing(named_by(Args(fcinfo))).error;
    if (e.sqlstate == 0)
        return null(fcinfo);
    return Record(fcinfo).make(
        {SqlState(e.sqlstate).text(), text_or_null(e.message), text_or_null(e.detail),
         text_or_null(e.hint), text_or_null(e.context), text_or_null(e.schema_name),
         text_or_null(e.table_name), text_or_null(e.column_name), text_or_null(e.constraint_name)});
}

PGCREW_FUNCTION(bgjob_compat_full_sql) {
    const Handle h = named_by(Args(fcinfo)).handle;
    return call([&] {
        return DirectFunctionCall2(bgjob_command, Int64GetDatum(h.id), Int64GetDatum(h.cookie));
    });
}

PGCREW_FUNCTION(bgjob_compat_outcome) {
    const Args args(fcinfo);
    const Record record(fcinfo);
    return outcome_of(args.opt_int32(0), args.opt_int64(1))
        .put_into([&](std::initializer_list<Value> row) { return record.make(row); });
}

} // namespace pgcrew::bgjob::pg_background
