// pg_background's functions made of several steps: launch, wait, look, detach.
#include "pg/array_elements.hpp"
#include "pg/compat_launch.hpp"
#include "pg/compat_outcome.hpp"
#include "pg/compat_result.hpp"
#include "pg/control.hpp"
#include "pg/raise_job_error.hpp"

#include <vector>

extern "C" {
#include <executor/executor.h>
}

namespace pgcrew::bgjob::pg_background {
namespace {

constexpr int64 grace_after_timeout_ms = 1000;

int64 ms_since(TimestampTz start) { return (GetCurrentTimestamp() - start) / 1000; }

// A timeout as these functions take it: NULL, 0 or less means none.
int64 limit_of(const Args &args, int i) {
    const int32 ms = args.opt_int32(i).value_or(0);
    return ms > 0 ? ms : -1;
}

// A job that does not end in time is cancelled. True if it did.
bool wait_or_cancel(Attached &job, int64 limit_ms) {
    if (wait_until_ended(job, limit_ms))
        return true;
    job.gave_up = true;
    cancel(job, grace_after_timeout_ms);
    return false;
}

struct Name {
    int32 pid;
    int64 cookie;
};

// The handles in an array, less those that are null.
std::vector<Name> names_from(const Args &args, int i) {
    if (args.is_null(i))
        return {};
    const Datum handles = args.datum(i);
    const ArrayElements elements =
        call([&] { return array_elements(DatumGetArrayTypeP(handles)); });
    std::vector<Name> names;
    for (int n = 0; n < elements.count; ++n) {
        if (elements.nulls[n])
            continue;
        Name name{};
        bool no_pid = false, no_cookie = false;
        call([&] {
            HeapTupleHeader row = DatumGetHeapTupleHeader(elements.values[n]);
            name.pid = DatumGetInt32(GetAttributeByNum(row, 1, &no_pid));
            name.cookie = DatumGetInt64(GetAttributeByNum(row, 2, &no_cookie));
        });
        if (!no_pid && !no_cookie)
            names.push_back(name);
        check_for_interrupts();
    }
    return names;
}

} // namespace

PGCREW_FUNCTION(bgjob_compat_run) {
    const Args args(fcinfo);
    const Record record(fcinfo);
    const TimestampTz start = GetCurrentTimestamp();
    Attached &job = launch(args, 3, false);
    const bool in_time = wait_or_cancel(job, limit_of(args, 2));
    const Outcome outcome = outcome_of(job.pid, job.handle.cookie);
    release(job);
    return outcome.put_into([&](std::initializer_list<Value> row) { return record.make(row); },
                            !in_time, ms_since(start));
}

// Without col_def it returns no rows, but raises the job's error all the same.
PGCREW_FUNCTION(bgjob_compat_run_query) {
    const Args args(fcinfo);
    const int64 limit_ms = limit_of(args, 2);
    const bool wants_rows = !args.is_null(4);
    Attached &job = launch(args, 3, wants_rows);
    if (!wait_or_cancel(job, limit_ms)) {
        release(job);
        throw Error(sqlstate::query_canceled,
                    "pg_background_run_query: worker did not complete within " +
                        std::to_string(limit_ms) + " ms");
    }
    if (wants_rows)
        return take_rows(fcinfo, job);
    const std::optional<Standing> standing = standing_of(job);
    const std::string sql = args.text(0);
    release(job);
    if (standing && standing->error.sqlstate != 0)
        raise_job_error(standing->error, sql);
    return SetResult(fcinfo).done();
}

PGCREW_FUNCTION(bgjob_compat_drain) {
    const Args args(fcinfo);
    SetResult rows(fcinfo);
    const TimestampTz start = GetCurrentTimestamp();
    const int64 limit_ms = limit_of(args, 1);
    for (const auto &[pid, cookie] : names_from(args, 0)) {
        bool ended = false;
        if (const Attached *job = find(pid, cookie))
            ended = wait_until_ended(*job, limit_ms < 0 ? -1 : Max(limit_ms - ms_since(start), 0));
        outcome_of(pid, cookie).put_into([&](std::initializer_list<Value> row) { rows.put(row); });
        if (ended)
            release(*find(pid, cookie));
    }
    return rows.done();
}

PGCREW_FUNCTION(bgjob_compat_wait_any) {
    const Args args(fcinfo);
    const Record record(fcinfo);
    std::vector<Handle> jobs;
    std::vector<int32> pids;
    for (const auto &[pid, cookie] : names_from(args, 0))
        if (const Attached *job = find(pid, cookie)) {
            if (!standing_of(*job))
                return record.make({pid, cookie}); // forgotten: it ended some time ago
            jobs.push_back(job->handle);
            pids.push_back(pid);
        }
    if (jobs.empty())
        return null(fcinfo);
    const std::optional<Handle> ended = wait_for_any(jobs, limit_of(args, 1));
    for (std::size_t i = 0; ended && i < jobs.size(); ++i)
        if (jobs[i].id == ended->id)
            return record.make({pids[i], ended->cookie});
    return null(fcinfo);
}

} // namespace pgcrew::bgjob::pg_background
