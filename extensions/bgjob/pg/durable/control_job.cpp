// What users do with a durable job that has not ended: cancel, pause, resume, retry; and what a
// workflow says of itself. Each in the caller's transaction.
#include "core/text_limits.hpp"
#include "pg/durable/cancel_job.hpp"
#include "pg/durable/flow.hpp"
#include "pg/durable/job_rights.hpp"
#include "pg/durable/pause.hpp"
#include "pg/durable/retry_job.hpp"
#include "pg/durable/writes.hpp"
#include "pgcrew/args.hpp"

namespace pgcrew::bgjob {
namespace {

constexpr std::size_t most_status_bytes = 1024;

} // namespace

PGCREW_FUNCTION(bgjob_cancel_job) {
    will_write("bgjob.cancel()");
    const Args args(fcinfo);
    const int64 id = args.int64(0, "job");
    const std::string reason = args.opt_text(1).value_or("cancelled by a user");
    limits::check_text("reason", reason, limits::reason_bytes);
    if (!find_live_job(id))
        return result(fcinfo, false);
    ask_to_cancel(id, reason);
    return result(fcinfo, true);
}

PGCREW_FUNCTION(bgjob_pause) {
    will_write("bgjob.pause()");
    pause_job(require_job(Args(fcinfo).int64(0, "job")));
    return 0;
}

PGCREW_FUNCTION(bgjob_resume) {
    will_write("bgjob.resume()");
    resume_job(require_job(Args(fcinfo).int64(0, "job")));
    return 0;
}

PGCREW_FUNCTION(bgjob_retry) {
    will_write("bgjob.retry()");
    const Args args(fcinfo);
    retry_job(bring_back(args.int64(0, "job")), args.opt_text(1));
    return 0;
}

PGCREW_FUNCTION(bgjob_set_status) {
    will_write("bgjob.set_status()");
    const Args args(fcinfo);
    std::string status = args.text(0, "status");
    if (status.size() > most_status_bytes)
        throw Error(sqlstate::program_limit_exceeded, "status is too long",
                    "At most " + std::to_string(most_status_bytes) + " bytes are kept.");
    // Written with what comes next: a step, a wait, or the end.
    require_flow_or_step("bgjob.set_status()").status = std::move(status);
    return 0;
}

} // namespace pgcrew::bgjob
