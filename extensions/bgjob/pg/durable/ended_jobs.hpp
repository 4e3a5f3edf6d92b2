// The rows of jobs that have ended: bgjob.job_run, in partitions of a day, and bgjob.job_dead for
// those that failed for good.
#pragma once
#include "pg/durable/job_end.hpp"

namespace pgcrew::bgjob {

inline constexpr const char *history_table = "job_run";
inline constexpr const char *default_partition = "job_run_default";

// Microseconds since 1970, which the days of partitions are counted in.
inline std::int64_t unix_us(TimestampTz at) noexcept {
    constexpr std::int64_t between =
        std::int64_t{POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE} * USECS_PER_DAY;
    return at + between;
}

// By their state and the rest of the outcome, which takes the place of what the job says.
void add_to_history(const DurableJob &job, const JobOutcome &outcome);
void add_to_dead(const DurableJob &job, const JobOutcome &outcome);

struct EndedJob {
    DurableJob job; // its row is not that of bgjob.job; without search_path and options unless dead
    TimestampTz ended_at = 0;
    std::optional<std::string> result{};
};
std::optional<EndedJob> find_ended_job(int64 id);

} // namespace pgcrew::bgjob
