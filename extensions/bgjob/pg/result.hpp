// The rows of a job as the result of a set-returning function. Everything here waits for the rows,
// then passes on the job's messages and raises its error.
#pragma once
#include "pg/job.hpp"
#include "pgcrew/args.hpp"

namespace pgcrew::bgjob {

// Which of the rows.
struct RowRange {
    uint64 skip = 0;
    uint64 max_rows = PG_UINT64_MAX;
};

// The result of the running call, which has a column definition list.
Datum return_rows(FunctionCallInfo fcinfo, JobId id, int64 cookie, RowRange range);

// Each row as a JSON object. The caller's right to the job has been looked at.
void put_rows_as_json(JobId id, int64 cookie, RowRange range, const SetResult &rows);

} // namespace pgcrew::bgjob
