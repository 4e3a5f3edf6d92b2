// Which durable jobs were being run when the server ended without a word. Each worker has a record
// in a small file that it has mapped, so that a note costs a store in memory: no call of the
// system, no flush, no WAL. The file is no part of base backups.
#pragma once
#include "pg/job.hpp"

#include <vector>

namespace pgcrew::bgjob {

// For a worker, once; without the file its notes are lost.
void open_in_flight_file(int slot);
void note_in_flight(JobId job) noexcept; // 0: none any more

// What the workers of an earlier life have left becomes unclean ends. The first process of this
// life does so before any worker starts. Plain C, for call().
void put_unclean_ends_aside();

// The unclean ends of jobs of this database, each time it ended so; they are forgotten with it.
std::vector<JobId> take_unclean_ends(Oid database);

} // namespace pgcrew::bgjob
