// enqueue and start: a durable job, in the caller's transaction. When that has committed the
// dispatcher is told, once.
#include "pg/durable/enqueue.hpp"

#include "core/names.hpp"
#include "core/text_limits.hpp"
#include "pg/durable/admission.hpp"
#include "pg/durable/at_commit.hpp"
#include "pg/durable/job_key.hpp"
#include "pg/durable/job_rights.hpp"
#include "pg/durable/procedure.hpp"
#include "pg/durable/writes.hpp"
#include "pgcrew/args.hpp"

extern "C" {
#include <catalog/namespace.h>
#include <miscadmin.h>
}

namespace pgcrew::bgjob {

namespace {

void check_time(const DurableJob &job) {
    if (TIMESTAMP_NOT_FINITE(job.due_at))
        throw Error(sqlstate::invalid_parameter_value, "run_at must be a finite time");
}

} // namespace

void fill_in(DurableJob &job) {
    const TimestampTz now = GetCurrentTimestamp();
    job.id = JobTable::next_id();
    if (job.due_at == 0)
        job.due_at = now;
    job.state = advance(DurableState::None, DurableEvent::Start, {.due_later = job.due_at > now});
    job.role = GetUserId();
    job.enqueued_at = now;
    job.search_path = namespace_search_path;
}

int64 add_job(DurableJob job) {
    (void)segment();
    limits::check_text("command", job.command, limits::command_bytes);
    limits::check_text("options", job.options.value_or(""), limits::options_bytes);
    (void)parse_job_options(job.options.value_or(""));
    check_time(job);
    fill_in(job);
    if (!job.key.empty())
        if (const auto known = claim_job_key(job.role, job.key, job.id))
            return *known;
    check_admission(job, queue_of_id(job.queue).options);
    JobTable().insert(job);
    tell_of_due_job(job.due_at);
    return job.id;
}

// The one that is given, or that of the queue.
int16 priority_of(const std::optional<std::int32_t> &given, const Queue &queue) {
    constexpr std::int32_t highest = 1000;
    const std::int32_t priority = given.value_or(queue.options.priority);
    if (priority < -highest || priority > highest)
        throw Error(sqlstate::invalid_parameter_value, "priority must be between " +
                                                           std::to_string(-highest) + " and " +
                                                           std::to_string(highest));
    return static_cast<int16>(priority);
}

namespace {

// command or procedure, args or input, run_at, queue, key, priority, options
DurableJob job_of(const Args &args) {
    DurableJob job;
    const Queue &queue = require_queue(args.text(3, "queue"));
    job.args = args.opt_jsonb(1);
    job.due_at = args.is_null(2) ? 0 : DatumGetTimestampTz(args.datum(2));
    job.queue = queue.id;
    job.priority = priority_of(args.opt_int32(5), queue);
    if (!args.is_null(4)) {
        job.key = args.text(4);
        check_name("job key", job.key);
    }
    job.options = args.opt_jsonb(6);
    return job;
}

} // namespace

PGCREW_FUNCTION(bgjob_enqueue) {
    will_write("bgjob.enqueue()");
    const Args args(fcinfo);
    DurableJob job = job_of(args);
    job.command = args.text(0, "command");
    return Int64GetDatum(add_job(std::move(job)));
}

PGCREW_FUNCTION(bgjob_start) {
    will_write("bgjob.start()");
    const Args args(fcinfo);
    DurableJob job = job_of(args);
    job.kind = JobKind::Workflow;
    job.command = call_of_procedure(args.text(0, "procedure"));
    return Int64GetDatum(add_job(std::move(job)));
}

} // namespace pgcrew::bgjob
