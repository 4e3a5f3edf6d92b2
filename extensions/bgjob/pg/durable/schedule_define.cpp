// schedule, schedule_workflow, unschedule, pause_schedule, resume_schedule and run_schedule: what
// users do with schedules. Each counts when the transaction has committed.
#include "core/job_options.hpp"
#include "core/names.hpp"
#include "core/text_limits.hpp"
#include "pg/durable/at_commit.hpp"
#include "pg/durable/enqueue.hpp"
#include "pg/durable/job_rights.hpp"
#include "pg/durable/procedure.hpp"
#include "pg/durable/queue_cache.hpp"
#include "pg/durable/schedule_run.hpp"
#include "pg/durable/schedule_zone.hpp"
#include "pg/durable/writes.hpp"
#include "pgcrew/args.hpp"

extern "C" {
#include <catalog/namespace.h>
#include <miscadmin.h>
}

namespace pgcrew::bgjob {
namespace {

// name, cron, command or procedure, args or input, tz, overlap, catchup, queue, priority, options.
// One of that name is replaced: it stays paused if it was, its runs go on, and if it fires at the
// same times as before, none is lost or doubled by this.
Timestamp define(const Args &args, JobKind kind, const std::string &command) {
    const std::string name = args.text(0, "name");
    check_name("schedule name", name);
    const std::string cron = args.text(1, "cron");
    const auto zone_name = args.opt_text(4);
    const ServerTimeZone zone = zone_name ? ServerTimeZone(*zone_name) : ServerTimeZone();
    const Timestamp now = current_time();
    const Timestamp next = next_planned(cron, zone, now);
    const std::string overlap = args.text(5, "overlap"), catchup = args.text(6, "catchup");
    (void)parse_overlap(overlap);
    (void)parse_catchup(catchup);
    const auto given_args = args.opt_jsonb(3), options = args.opt_jsonb(9);
    limits::check_text("command", command, limits::command_bytes);
    limits::check_text("options", options.value_or(""), limits::options_bytes);
    (void)parse_job_options(options.value_or(""));
    const Queue &queue = require_queue(args.text(7, "queue"));
    const int16 priority = priority_of(args.opt_int32(8), queue);
    const int32 queue_id = queue.id;
    // Whether the role may have jobs at all is asked by add_job(), at each run.
    const Oid role = GetUserId();
    const std::string search_path = namespace_search_path;
    const auto json = [](const std::optional<std::string> &text) {
        return text ? std::optional(Jsonb{*text}) : std::nullopt;
    };
    OwnersSql().execute(
        "INSERT INTO bgjob.schedule AS s"
        " (id, role, paused, kind, priority, queue, name, cron, tz, overlap, catchup, "
        "search_path,"
        "  command, args, options, settled_at, next_at, waiting)"
        " VALUES (pg_catalog.nextval('bgjob.schedule_id'), $1, false, $2, $3, $4, $5, $6, $7, $8,"
        "  $9, $10, $11, $12, $13, $14, $15, '[]')"
        " ON CONFLICT (role, name) DO UPDATE SET kind = excluded.kind,"
        "  priority = excluded.priority, queue = excluded.queue, cron = excluded.cron,"
        "  tz = excluded.tz, overlap = excluded.overlap, catchup = excluded.catchup,"
        "  search_path = excluded.search_path, command = excluded.command, args = excluded.args,"
        "  options = excluded.options, problem = NULL,"
        "  settled_at = CASE WHEN s.cron = excluded.cron AND s.tz = excluded.tz"
        "                    THEN s.settled_at ELSE excluded.settled_at END,"
        "  next_at = CASE WHEN s.cron = excluded.cron AND s.tz = excluded.tz"
        "                 THEN LEAST(s.next_at, excluded.next_at) ELSE excluded.next_at END",
        role, static_cast<int16>(kind), priority, queue_id, name, cron, zone.name(), overlap,
        catchup, search_path, command, json(given_args), json(options), now, next);
    tell_of_schedules();
    return next;
}

// The schedule of that name of the role that the next argument says, or else the current one.
struct Named {
    std::string name;
    Oid role;
    explicit Named(const Args &args)
        : name(args.text(0, "name")), role(args.opt_oid(1).value_or(GetUserId())) {
        if (!may_use_jobs_of(role))
            unknown();
    }
    [[noreturn]] void unknown() const {
        throw Error(sqlstate::undefined_object, "schedule \"" + name + "\" does not exist");
    }
};

StoredSchedule require_schedule(const Named &named) {
    const Rows rows =
        OwnersSql().execute("SELECT s.id FROM bgjob.schedule s WHERE s.role = $1 AND s.name = $2",
                            named.role, named.name);
    std::optional<StoredSchedule> found;
    if (!rows.empty())
        found = ScheduleTable().find(rows.get<std::int64_t>(0, 0));
    if (!found)
        named.unknown();
    return std::move(*found);
}

} // namespace

PGCREW_FUNCTION(bgjob_schedule) {
    const Args args(fcinfo);
    return result(fcinfo, define(args, JobKind::Statement, args.text(2, "command")));
}

PGCREW_FUNCTION(bgjob_schedule_workflow) {
    const Args args(fcinfo);
    const std::string command = call_of_procedure(args.text(2, "procedure"));
    return result(fcinfo, define(args, JobKind::Workflow, command));
}

PGCREW_FUNCTION(bgjob_unschedule) {
    const Named named{Args(fcinfo)};
    const Rows rows = OwnersSql().execute(
        "DELETE FROM bgjob.schedule s WHERE s.role = $1 AND s.name = $2", named.role, named.name);
    if (rows.processed() == 0)
        named.unknown();
    tell_of_schedules();
    return 0;
}

PGCREW_FUNCTION(bgjob_pause_schedule) {
    const Named named{Args(fcinfo)};
    const Rows rows = OwnersSql().execute(
        "UPDATE bgjob.schedule s SET paused = true WHERE s.role = $1 AND s.name = $2", named.role,
        named.name);
    if (rows.processed() == 0)
        named.unknown();
    tell_of_schedules();
    return 0;
}

// What was planned during the pause is not missed: it was not wanted.
PGCREW_FUNCTION(bgjob_resume_schedule) {
    const StoredSchedule schedule = require_schedule(Named{Args(fcinfo)});
    const Timestamp settled{std::max(schedule.state.settled_us, current_time().unix_us)};
    const Timestamp next = next_planned(schedule.cron, ServerTimeZone(schedule.zone), settled);
    OwnersSql().execute("UPDATE bgjob.schedule s SET paused = false, settled_at = $2, next_at = $3,"
                        " problem = NULL WHERE s.id = $1 AND s.paused",
                        schedule.id, settled, next);
    tell_of_schedules();
    return 0;
}

// One run now, whatever is planned, paused or running; runs that are planned mind it.
PGCREW_FUNCTION(bgjob_run_schedule) {
    will_write("bgjob.run_schedule()");
    return Int64GetDatum(start_run(require_schedule(Named{Args(fcinfo)}), std::nullopt));
}

} // namespace pgcrew::bgjob
