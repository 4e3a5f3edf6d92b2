// What pg_background keeps per session, kept over the registry of jobs: the list of attached jobs
// and counters of how those ended that left it.
//
// Its functions name a job by a pid. Jobs outlive processes here, and one process does many jobs,
// so the pid of a handle is made of the job's id and lies above every pid that Linux gives out.
#pragma once
#include "core/error_record.hpp"
#include "pg/launch.hpp"
#include "pgcrew/args.hpp"

#include <map>
#include <optional>
#include <string>

namespace pgcrew::bgjob::pg_background {

struct Attached {
    int32 pid;
    Handle handle;
    Oid owner, launcher; // roles: it runs as, and whose session launched it
    TimestampTz launched_at;
    int32 queue_size; // bytes
    bool keeps_rows;
    std::string label, sql_preview;
    bool cancel_requested = false;
    bool gave_up = false; // run() waited as long as it was told to
};

struct Counters {
    int64 launched = 0, completed = 0, failed = 0, canceled = 0, timed_out = 0;
    double execution_ms = 0;
};

struct Session {
    std::map<int32, Attached> jobs; // by pid
    Counters counters;
};

// The first call defines the settings.
Session &session();

Attached &attach(const LaunchRequest &request);

// What the first arguments of the call name: a pid, and a cookie if there are two or more. Throws
// 42704 when the pid is not attached, 42501 without the right, 55000 for a wrong cookie.
Attached &named_by(const Args &args);
// The same without a throw; null.
Attached *find(int32 pid, int64 cookie);

bool may_use(const Attached &job);

// Counts the job by how it stands, detaches it and ends its life in the list. A job that was
// cancelled from here counts as canceled even when it ended before.
void release(Attached &job);

// Marks it cancelled and asks it to stop.
void cancel(Attached &job, int64 grace_ms);

// True if the job has ended or the registry has forgotten it, false if the time ran out first. A
// negative time means no limit.
bool wait_until_ended(const Attached &job, int64 timeout_ms);

// How a job stands.
struct Standing {
    JobState state;
    bool timed_out;
    int64 rows;
    std::string command_tag;
    TimestampTz started_at, ended_at; // 0 until then
    int worker_pid;                   // 0 for none
    ErrorFields error;
    int percent; // -1: it reported nothing
    std::string progress_message;
};

// Empty when the registry has forgotten the job: detached elsewhere, or its retention is over.
std::optional<Standing> standing_of(const Attached &job);

} // namespace pgcrew::bgjob::pg_background
