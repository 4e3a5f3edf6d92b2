// The rows of bgjob.schedule: what is run when, and how far that has come.
#pragma once
#include "core/schedule.hpp"
#include "pg/durable/job_table.hpp"
#include "pg/durable/owners_sql.hpp"
#include "pgcrew/xact.hpp"

namespace pgcrew::bgjob {

struct StoredSchedule {
    int64 id = 0;
    Oid role = InvalidOid;
    bool paused = false;
    JobKind kind = JobKind::Statement;
    int16 priority = 0;
    int32 queue = 0;
    std::string name, cron, zone, overlap, catchup;
    std::string search_path, command;         // as of jobs
    std::optional<std::string> args, options; // the same
    ScheduleState state;                      // in microseconds since the Unix epoch
    std::string problem;                      // why the latest look failed; empty if it did not
    PrivateRow row;                           // as it was read
};

struct LastRun {
    Timestamp at{};
    int64 job = 0; // 0: there was none
};

class ScheduleTable : NoCopy {
  public:
    std::optional<StoredSchedule> find(int64 id);

    // False if somebody changes the schedule, who will tell of that.
    [[nodiscard]] bool settle(const StoredSchedule &schedule, const ScheduleState &state,
                              Timestamp next_at, const LastRun &run);
    [[nodiscard]] bool note_problem(const StoredSchedule &schedule, const std::string &problem,
                                    Timestamp next_at);

  private:
    PrivateTable table_{"schedule"};
};

// The next planned time after the moment; infinity if there is none.
Timestamp next_planned(const std::string &cron, const TimeZone &zone, Timestamp after);

Timestamp current_time();

} // namespace pgcrew::bgjob
