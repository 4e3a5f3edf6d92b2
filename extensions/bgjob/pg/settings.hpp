// The settings of bgjob; docs/bgjob.md lists them with units and ranges.
#pragma once
#include "pgcrew/postgres.hpp"

namespace pgcrew::bgjob::settings {

extern int queue_size;           // bytes
extern int timeout;              // ms, 0: none
extern int preview_length;       // bytes
extern int error_length;         // bytes
extern int max_workers;          // of the server, -1: no limit of our own
extern int max_workers_per_role; // 0: no limit
extern int max_jobs_per_role;    // queued and running, 0: no limit
extern int worker_idle_timeout;  // ms
extern int result_retention;     // ms, -1: for ever
extern int max_retained;         // finished jobs kept, oldest go first
extern bool log_jobs;
extern bool allow_superuser_jobs; // durable ones

// Of schemas for Duroxide.
extern int duroxide_fetch_wait;  // ms, 0: fetches do not wait
extern int duroxide_max_waiting; // fetches of a queue, -1: a part of the sessions
extern bool duroxide_announcements;
extern int duroxide_announcement_delay; // ms
extern int duroxide_clock_skew;         // ms
extern bool duroxide_metrics;

// Bounds of a queue: the smallest and largest that pg_background takes (shm_mq's minimum, 256 MB).
inline constexpr int min_queue_size = 64;
inline constexpr int max_queue_size = 256 * 1024 * 1024;
inline constexpr int max_error_length = 65536;

void define();

} // namespace pgcrew::bgjob::settings
