#include "pg/expired_results.hpp"

#include "pg/pool.hpp"
#include "pg/settings.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace pgcrew::bgjob {
namespace {

using std::chrono::milliseconds;

constexpr int64 longest_pause_us = 10'000'000, shortest_pause_us = 100'000;

void expire(JobId id) {
    Remains remains;
    {
        Locked locked(LW_EXCLUSIVE);
        Job *job = locked.find(id);
        if (job == nullptr || !finished(job->state))
            return;
        remains = take_out(locked, job);
        locked.drop_empty_crews();
    }
    give_back(remains);
}

// With the time when each finished, oldest first.
std::vector<std::pair<TimestampTz, JobId>> finished_jobs() {
    std::vector<std::pair<TimestampTz, JobId>> jobs;
    {
        Locked locked(LW_SHARED);
        jobs.reserve(static_cast<std::size_t>(segment().retained));
        std::vector<std::pair<TimestampTz, JobId>> *out = &jobs;
        for_each_job(locked, [out](const Job &job) {
            if (finished(job.state) && out->size() < out->capacity())
                out->emplace_back(job.finished_at, job.id);
        });
    }
    std::sort(jobs.begin(), jobs.end());
    return jobs;
}

} // namespace

milliseconds ExpiredResults::forget() {
    const TimestampTz now = GetCurrentTimestamp();
    if (now >= next_look_ || segment().retained > settings::max_retained) {
        const int64 retention_us = static_cast<int64>(settings::result_retention) * 1000;
        const auto allowed = static_cast<std::size_t>(settings::max_retained);
        const auto jobs = finished_jobs();
        std::size_t surplus = jobs.size() - Min(jobs.size(), allowed);
        next_look_ = now + longest_pause_us;
        for (const auto &[finished_at, id] : jobs) {
            const bool too_old = retention_us >= 0 && finished_at + retention_us <= now;
            if (!too_old && surplus == 0) {
                if (retention_us >= 0)
                    next_look_ = std::min(next_look_, finished_at + retention_us);
                break;
            }
            expire(id);
            surplus -= Min(surplus, std::size_t{1});
        }
        next_look_ = std::max(next_look_, now + shortest_pause_us);
    }
    return milliseconds((next_look_ - now) / 1000 + 1);
}

} // namespace pgcrew::bgjob
