// pg_background's launch and submit, and how a job tells its progress.
#include "pg/compat_launch.hpp"

#include "pg/compat_settings.hpp"
#include "pg/settings.hpp"
#include "pg/worker.hpp"

extern "C" {
#include <utils/lsyscache.h>

Datum bgjob_report_progress(PG_FUNCTION_ARGS);
}

namespace pgcrew::bgjob::pg_background {
namespace {

int32 checked_queue_size(int32 requested) {
    namespace limits = bgjob::settings;
    if (requested <= 0)
        return settings::default_queue_size();
    if (requested < limits::min_queue_size)
        throw Error(sqlstate::invalid_parameter_value, "queue size must be at least " +
                                                           std::to_string(limits::min_queue_size) +
                                                           " bytes");
    if (requested > limits::max_queue_size)
        throw Error(sqlstate::invalid_parameter_value, "queue size must not exceed " +
                                                           std::to_string(limits::max_queue_size) +
                                                           " bytes");
    return requested;
}

Datum handle_of(FunctionCallInfo fcinfo, const Attached &job) {
    return Record(fcinfo).make({job.pid, job.handle.cookie});
}

} // namespace

Attached &launch(const Args &args, int label, bool keeps_rows) {
    session(); // the settings exist from here on
    if (args.is_null(0))
        throw Error(sqlstate::null_value_not_allowed, "sql parameter cannot be NULL");
    LaunchRequest request;
    request.sql = args.text(0);
    request.keeps_rows = keeps_rows;
    request.allow_empty = true;
    request.queue_size = checked_queue_size(args.opt_int32(1).value_or(0));
    if (label < args.count())
        request.label = args.opt_text(label);
    request.timeout_ms = settings::worker_timeout();
    return attach(request);
}

PGCREW_FUNCTION(bgjob_compat_launch_pid) {
    return result(fcinfo, launch(Args(fcinfo), 2, true).pid);
}

PGCREW_FUNCTION(bgjob_compat_launch) { return handle_of(fcinfo, launch(Args(fcinfo), 2, true)); }

PGCREW_FUNCTION(bgjob_compat_submit) { return handle_of(fcinfo, launch(Args(fcinfo), 2, false)); }

PGCREW_FUNCTION(bgjob_compat_report_progress) {
    if (running_job() == 0) {
        const char *name = call([&] { return get_func_name(fcinfo->flinfo->fn_oid); });
        throw Error(sqlstate::feature_not_supported,
                    std::string(name) + " can only be called from a background worker");
    }
    return call([&] { return bgjob_report_progress(fcinfo); });
}

} // namespace pgcrew::bgjob::pg_background
