#include "pg/durable/schedule_table.hpp"

#include "pgcrew/json.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <miscadmin.h>
}

namespace pgcrew::bgjob {
namespace {

// In the order of sql/bgjob/1.0/schedules.sql.
enum Column : AttrNumber {
    Id = 1,
    Role,
    Paused,
    Kind,
    Priority,
    Queue,
    Name,
    Cron,
    Tz,
    OverlapWord,
    CatchupWord,
    SearchPath,
    Command,
    Args,
    Options,
    SettledAt,
    NextAt,
    LastRunAt,
    LastJob,
    Waiting,
    Problem
};

} // namespace

std::optional<StoredSchedule> ScheduleTable::find(int64 id) {
    std::optional<PrivateRow> row = table_.find("schedule_pkey", {id});
    if (!row)
        return std::nullopt;
    StoredSchedule s;
    s.id = id;
    s.role = row->oid(Role);
    s.paused = row->boolean(Paused);
    s.kind = static_cast<JobKind>(row->int16_of(Kind));
    s.priority = row->int16_of(Priority);
    s.queue = row->int32_of(Queue);
    s.name = row->text(Name);
    s.cron = row->text(Cron);
    s.zone = row->text(Tz);
    s.overlap = row->text(OverlapWord);
    s.catchup = row->text(CatchupWord);
    s.search_path = row->text(SearchPath);
    s.command = row->text(Command);
    s.args = row->opt_text(Args);
    s.options = row->opt_text(Options);
    s.state.settled_us = timestamp_from_datum(TimestampTzGetDatum(row->time(SettledAt))).unix_us;
    for (const Json &planned : parse_json(row->text(Waiting)))
        s.state.waiting.push_back(planned.get<std::int64_t>());
    s.problem = row->text(Problem);
    s.row = std::move(*row);
    return s;
}

bool ScheduleTable::settle(const StoredSchedule &schedule, const ScheduleState &state,
                           Timestamp next_at, const LastRun &run) {
    const Jsonb waiting{dump_json(Json(state.waiting))};
    std::vector<PrivateTable::Change> changes{{SettledAt, Value(Timestamp{state.settled_us})},
                                              {NextAt, Value(next_at)},
                                              {Waiting, Value(waiting)},
                                              {Problem, Value::null(TEXTOID)}};
    if (run.job != 0)
        changes.insert(changes.end(), {{LastRunAt, Value(run.at)}, {LastJob, Value(run.job)}});
    return table_.update(schedule.row, changes);
}

bool ScheduleTable::note_problem(const StoredSchedule &schedule, const std::string &problem,
                                 Timestamp next_at) {
    return table_.update(schedule.row, {{NextAt, Value(next_at)}, {Problem, Value(problem)}});
}

Timestamp next_planned(const std::string &cron, const TimeZone &zone, Timestamp after) {
    const auto next = next_after(parse_cron(cron), zone, after.unix_us);
    return {next.value_or(Timestamp::infinity)};
}

Timestamp current_time() {
    return timestamp_from_datum(TimestampTzGetDatum(GetCurrentTimestamp()));
}

} // namespace pgcrew::bgjob
