// The settings of pg_background, by its names.
#pragma once

namespace pgcrew::bgjob::pg_background::settings {

// Defines those that this session does not have: the real pg_background may be loaded too, and
// its settings serve both then.
void define();

int max_workers();
int default_queue_size(); // bytes
int worker_timeout();     // ms, 0: none

} // namespace pgcrew::bgjob::pg_background::settings
