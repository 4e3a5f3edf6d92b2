#include "pg/settings.hpp"

#include "pg/fault.hpp"
#include "pgcrew/guc.hpp"

namespace pgcrew::bgjob {

#ifdef PGCREW_FAULT_POINTS
char *fault_name = nullptr;
#endif

namespace settings {

int queue_size, timeout, preview_length, error_length;
int max_workers, max_workers_per_role, max_jobs_per_role;
int worker_idle_timeout, result_retention, max_retained;
bool log_jobs, allow_superuser_jobs;
int duroxide_fetch_wait, duroxide_max_waiting, duroxide_announcement_delay, duroxide_clock_skew;
bool duroxide_announcements, duroxide_metrics;

void define() {
    define_int(
        {.name = "bgjob.queue_size",
         .help =
             "Sets the shared memory that a job's rows may use before they go to a temporary file.",
         .variable = &queue_size,
         .boot = 65536,
         .min = min_queue_size,
         .max = max_queue_size,
         .flags = GUC_UNIT_BYTE});
    define_int({.name = "bgjob.timeout",
                .help = "Sets how long a launched job may run when the call names no timeout; 0 "
                        "means no limit.",
                .variable = &timeout,
                .flags = GUC_UNIT_MS});
    define_int({.name = "bgjob.preview_length",
                .help = "Sets how much of a job's SQL is shown in views and error contexts.",
                .variable = &preview_length,
                .boot = 120,
                .max = 8192,
                .flags = GUC_UNIT_BYTE});
    define_int({.name = "bgjob.error_length",
                .help = "Sets how much of a job's error message is shown in views.",
                .variable = &error_length,
                .boot = 512,
                .min = 16,
                .max = max_error_length,
                .flags = GUC_UNIT_BYTE});
    define_int({.name = "bgjob.max_workers",
                .help = "Sets how many workers the pool may have; -1 means as many as "
                        "max_worker_processes allows.",
                .variable = &max_workers,
                .boot = -1,
                .min = -1,
                .max = 262143,
                .context = PGC_SIGHUP});
    define_int(
        {.name = "bgjob.max_workers_per_role",
         .help = "Sets how many workers one role may have in one database; 0 means no limit.",
         .variable = &max_workers_per_role,
         .max = 262143,
         .context = PGC_SUSET});
    define_int(
        {.name = "bgjob.max_jobs_per_role",
         .help = "Sets how many unfinished launched jobs one role may have; 0 means no limit.",
         .variable = &max_jobs_per_role,
         .boot = 10000,
         .context = PGC_SUSET});
    define_int({.name = "bgjob.worker_idle_timeout",
                .help = "Sets how long a worker stays when there is nothing to do for it.",
                .variable = &worker_idle_timeout,
                .boot = 60000,
                .context = PGC_SIGHUP,
                .flags = GUC_UNIT_MS});
    define_int({.name = "bgjob.result_retention",
                .help = "Sets how long a finished job and its rows are kept when nobody detaches "
                        "it; -1 means for ever.",
                .variable = &result_retention,
                .boot = 3600 * 1000,
                .min = -1,
                .context = PGC_SIGHUP,
                .flags = GUC_UNIT_MS});
    define_int({.name = "bgjob.max_retained",
                .help = "Sets how many finished jobs are kept in all; the oldest go first.",
                .variable = &max_retained,
                .boot = 10000,
                .context = PGC_SIGHUP});
    define_bool({.name = "bgjob.log_jobs",
                 .help = "Logs the start and the end of each launched job.",
                 .variable = &log_jobs,
                 .context = PGC_SUSET});
    define_bool({.name = "bgjob.allow_superuser_jobs",
                 .help = "Lets superusers add durable jobs, which then run with all rights.",
                 .variable = &allow_superuser_jobs,
                 .context = PGC_SUSET});
    define_int({.name = "bgjob.duroxide_fetch_wait",
                .help = "Sets how long a fetch of a Duroxide runtime waits for work when there is "
                        "none; 0 means not at all.",
                .variable = &duroxide_fetch_wait,
                .boot = 50,
                .max = 10000,
                .flags = GUC_UNIT_MS});
    define_int({.name = "bgjob.duroxide_max_waiting",
                .help = "Sets how many fetches may wait at a time for a queue of a schema for "
                        "Duroxide; -1 means three in ten of the sessions that use it.",
                .variable = &duroxide_max_waiting,
                .boot = -1,
                .min = -1,
                .max = 262143});
    define_bool({.name = "bgjob.duroxide_announcements",
                 .help = "Lets the dispatcher tell programs that listen of work for Duroxide "
                         "runtimes.",
                 .variable = &duroxide_announcements,
                 .boot = true,
                 .context = PGC_SIGHUP});
    define_int({.name = "bgjob.duroxide_announcement_delay",
                .help = "Sets by how much announcements come late; for tests of runtimes.",
                .variable = &duroxide_announcement_delay,
                .max = 3600000,
                .context = PGC_SIGHUP,
                .flags = GUC_UNIT_MS});
    define_bool({.name = "bgjob.duroxide_metrics",
                 .help = "Counts calls of the functions in schemas for Duroxide, and their time.",
                 .variable = &duroxide_metrics,
                 .context = PGC_SUSET});
    define_int({.name = "bgjob.duroxide_clock_skew",
                .help = "Sets by how much the clock that decides leases of Duroxide runtimes is "
                        "wrong; for tests of runtimes.",
                .variable = &duroxide_clock_skew,
                .min = -86400000,
                .max = 86400000,
                .context = PGC_SUSET,
                .flags = GUC_UNIT_MS});
#ifdef PGCREW_FAULT_POINTS
    define_string({.name = "bgjob.fault",
                   .help = "Names a rare failure to happen; for tests only.",
                   .variable = &fault_name,
                   .boot = "",
                   .context = PGC_SUSET,
                   .flags = GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE});
#endif
    reserve_prefix("bgjob");
}

} // namespace settings
} // namespace pgcrew::bgjob
