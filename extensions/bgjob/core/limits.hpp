// Sizes that durable jobs never exceed, and what holds where a queue says nothing else.
#pragma once
#include <cstddef>
#include <cstdint>

namespace pgcrew::bgjob::limits {

inline constexpr std::int64_t kilobyte = 1024;
inline constexpr std::int64_t megabyte = 1024 * kilobyte;

// Of a queue, a job, a step, a signal or a schedule, in bytes of the server's encoding.
inline constexpr std::size_t name_bytes = 255;

// Arguments and input of a job, payload of a signal, result of a step or job.
inline constexpr std::int64_t payload_bytes = 1 * megabyte; // by default
inline constexpr std::int64_t result_bytes = 1 * megabyte;  // by default
inline constexpr std::int64_t most_bytes = 256 * megabyte;  // that a queue can allow

inline constexpr std::int64_t inbox_signals = 10'000; // not yet taken, of one job
inline constexpr std::int64_t map_rows = 1'000'000;   // of the source of one map
inline constexpr int map_parallel = 1000;             // children of a map at a time
inline constexpr int child_depth = 64;                // children of children

inline constexpr std::int64_t live_jobs = 10'000'000;     // unfinished ones of a role, by default
inline constexpr std::int64_t most_live_jobs = 1LL << 40; // that a queue can allow

inline constexpr int attempts = 5; // by default
inline constexpr int most_attempts = 1000;
inline constexpr int unclean_ends = 3; // after so many a job is quarantined
inline constexpr int group = 50;       // jobs to a commit

} // namespace pgcrew::bgjob::limits
