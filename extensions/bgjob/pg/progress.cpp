// report_progress from inside a job, progress from outside.
#include "core/copy_text.hpp"
#include "pg/access.hpp"
#include "pg/clip.hpp"
#include "pg/sql_values.hpp"
#include "pg/worker.hpp"
#include "pgcrew/args.hpp"

#include <algorithm>

namespace pgcrew::bgjob {

PGCREW_FUNCTION(bgjob_report_progress) {
    const Args args(fcinfo);
    const JobId id = running_job();
    if (id == 0)
        throw Error(sqlstate::feature_not_supported,
                    "bgjob.report_progress() can only be called from a job", {},
                    "Call it in SQL that bgjob.launch() or bgjob.submit() runs.");
    const int32 percent = std::clamp(args.int32(0, "percent"), 0, 100);
    const std::string message = clipped(args.opt_text(1).value_or(""), progress_message_size - 1);
    Locked locked(LW_EXCLUSIVE);
    Job &job = *locked.find_working(id);
    job.percent = percent;
    job.progress_at = GetCurrentTimestamp();
    copy_text(job.progress_message, message);
    return Datum{0};
}

PGCREW_FUNCTION(bgjob_progress) {
    const Args args(fcinfo);
    const JobId id = args.int64(0, "id");
    const int64 cookie = args.int64(1, "cookie");
    check_access(id, cookie);
    int32 percent;
    TimestampTz at;
    std::string message;
    {
        Locked locked(LW_SHARED);
        const Job &job = require(locked, id, cookie);
        percent = job.percent;
        at = job.progress_at;
        message = job.progress_message;
    }
    if (percent < 0)
        return null(fcinfo);
    return Record(fcinfo).make({percent, text_or_null(message), moment(at)});
}

} // namespace pgcrew::bgjob
