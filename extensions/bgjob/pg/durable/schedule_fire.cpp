// One transaction settles the planned times of a schedule and adds the jobs that run for them, so
// each has its run exactly once. Who fails is tried again after a while: what could not be started
// is late then, or missed, and treated as that.
#include "pg/durable/schedule_fire.hpp"

#include "pg/durable/schedule_run.hpp"
#include "pg/durable/schedule_zone.hpp"
#include "pg/durable/top_level.hpp"

#include <algorithm>

extern "C" {
#include <miscadmin.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr int64 second_us = 1'000'000;
constexpr int64 safety_scan_us = 5 * second_us;
constexpr int64 retry_us = 10 * second_us;
constexpr int64 busy_us = second_us / 50; // somebody changes a schedule that is due
constexpr std::size_t fired_at_once = 100;

void start_runs(ScheduleTable &table, const StoredSchedule &stored, Timestamp now) {
    const ServerTimeZone zone(stored.zone);
    const Schedule schedule{.cron = parse_cron(stored.cron),
                            .zone = zone,
                            .overlap = parse_overlap(stored.overlap),
                            .catchup = parse_catchup(stored.catchup)};
    const bool busy = schedule.overlap != Overlap::Allow && has_unfinished_run(stored.id);
    const ScheduleDecision decision = decide(schedule, stored.state, busy ? 1 : 0, now.unix_us);
    LastRun last{now};
    for (const std::int64_t planned : decision.start)
        last.job = start_run(stored, Timestamp{planned});
    const Timestamp next{decision.look_again_us.value_or(Timestamp::infinity)};
    if (!table.settle(stored, decision.state, next, last))
        throw Error(sqlstate::serialization_failure, "the schedule is being changed");
}

void log_problem(const StoredSchedule &schedule, const std::string &problem) {
    call([&] {
        const char *role = GetUserNameFromId(schedule.role, true);
        ereport(LOG, (errmsg("schedule \"%s\" of role \"%s\" cannot start its job: %s",
                             schedule.name.c_str(), role != nullptr ? role : "", problem.c_str())));
    });
}

void fire(int64 id, Timestamp now) {
    ScheduleTable table;
    const std::optional<StoredSchedule> schedule = table.find(id);
    if (!schedule || schedule->paused)
        return;
    try {
        in_subtransaction([&] { start_runs(table, *schedule, now); });
    } catch (const std::exception &error) {
        const std::string problem = error.what();
        if (table.note_problem(*schedule, problem, {now.unix_us + retry_us}) &&
            problem != schedule->problem)
            log_problem(*schedule, problem);
    }
}

// Runs that wait for the end of another one are looked at whenever something has happened.
std::vector<int64> due(Timestamp now) {
    OwnersSql sql;
    const Rows rows = sql.execute("SELECT s.id FROM bgjob.schedule s WHERE NOT s.paused"
                                  " AND (s.next_at <= $1 OR s.waiting <> '[]')"
                                  " ORDER BY s.next_at, s.id",
                                  now);
    std::vector<int64> ids;
    for (std::size_t i = 0; i < rows.size(); ++i)
        ids.push_back(rows.get<std::int64_t>(i, 0));
    return ids;
}

// Jobs that were taken out of the table by hand.
void forget_lost_runs() {
    OwnersSql().execute("DELETE FROM bgjob.schedule_run r"
                        " WHERE NOT EXISTS (SELECT FROM bgjob.job j WHERE j.id = r.job)");
}

ScheduleLook next_look(Timestamp now) {
    OwnersSql sql;
    const Rows rows =
        sql.execute("SELECT pg_catalog.min(s.next_at) FROM bgjob.schedule s WHERE NOT s.paused");
    const auto next = rows.opt<Timestamp>(0, 0);
    // Time zones change with the server, clocks are set, and a prepared transaction may be
    // committed where nobody tells.
    const std::int64_t latest = now.unix_us + safety_scan_us;
    const std::int64_t at = next ? std::min(next->unix_us, latest) : latest;
    const Timestamp look{at <= now.unix_us ? now.unix_us + busy_us : at};
    return {next.has_value(), DatumGetTimestampTz(to_datum(look)),
            next ? DatumGetTimestampTz(to_datum(*next)) : DT_NOEND};
}

ScheduleLook look(bool first) {
    const Timestamp now = current_time();
    const auto in_schedules = [](auto f) {
        return in_transaction([&](Spi &) {
            commit_without_waiting();
            return f();
        });
    };
    const bool installed = in_transaction([] { return PrivateTable::exists("schedule"); });
    if (!installed)
        return {false, DatumGetTimestampTz(to_datum(Timestamp{now.unix_us + safety_scan_us})),
                DT_NOEND};
    const std::vector<int64> ids = in_schedules([&] {
        if (first)
            forget_lost_runs();
        return due(now);
    });
    for (std::size_t from = 0; from < ids.size(); from += fired_at_once) {
        check_for_interrupts();
        in_schedules([&] {
            for (std::size_t i = from; i < std::min(from + fired_at_once, ids.size()); ++i)
                fire(ids[i], now);
        });
    }
    return in_schedules([&] { return next_look(now); });
}

} // namespace

ScheduleLook fire_schedules(bool changed) {
    static ScheduleLook last{false, DT_NOBEGIN, DT_NOEND};
    if (changed || GetCurrentTimestamp() >= last.next_at)
        last = look(last.next_at == DT_NOBEGIN);
    return last;
}

} // namespace pgcrew::bgjob
