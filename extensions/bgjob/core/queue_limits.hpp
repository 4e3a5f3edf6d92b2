// What a queue allows: its options as users write them, and the limiter that tells whether its next
// job may start.
#pragma once
#include "core/limits.hpp"
#include "core/retention.hpp"
#include "pgcrew/json_fwd.hpp"
#include "pgcrew/token_bucket.hpp"

#include <cstdint>

namespace pgcrew::bgjob {

enum class Durability : std::uint8_t { Async, Sync };

struct QueueOptions {
    int concurrency = 0; // jobs of the queue that run at a time; 0: no limit
    double rate = 0;     // jobs that start in a second; 0: no limit
    double burst = 0;    // that start at once after a pause; 0: as many as in a second
    int priority = 0;    // higher ones first
    int max_attempts = limits::attempts;
    Keep keep{};
    Durability durability = Durability::Async;
    int group = 1; // jobs to a commit
    std::int64_t max_payload = limits::payload_bytes;
    std::int64_t max_result = limits::result_bytes;
    std::int64_t max_live_jobs = limits::live_jobs; // unfinished ones of one role

    friend bool operator==(const QueueOptions &, const QueueOptions &) = default;
};

// {"concurrency": 0..10000, "rate": 0..1000000, "burst": 1..1000000, "priority": -1000..1000,
//  "max_attempts": 1..1000, "keep": "all" | "failed" | "none" | duration,
//  "durability": "async" | "sync", "group": 1..50, "max_payload": bytes, "max_result": bytes,
//  "max_live_jobs": 1...}, each optional: the rest is as in `defaults`. 22023 for anything else.
QueueOptions parse_queue_options(const Json &options, const QueueOptions &defaults = {});

// All of them; read back they are the same.
Json to_json(const QueueOptions &options);

// 54000 if the text is larger than the queue allows; 53400 if the role has as many live jobs.
void check_payload(const QueueOptions &options, std::int64_t bytes);
void check_result(const QueueOptions &options, std::int64_t bytes);
void check_live_jobs(const QueueOptions &options, std::int64_t live);

// How many jobs may start; if none may, when to ask again: TokenBucket::never if there is nothing
// to wait for but the end of a running one.
struct Admitted {
    int jobs;
    std::int64_t retry_at;
};

// Plain data, so that it can stand in shared memory. Its clock never goes back.
class QueueLimiter {
  public:
    QueueLimiter(const QueueOptions &options, std::int64_t now) noexcept;

    // Lets at most `wanted` jobs start while `running` of the queue do.
    Admitted admit(int running, std::int64_t now, int wanted = 1) noexcept;

  private:
    int concurrency_;
    TokenBucket tokens_;
};

} // namespace pgcrew::bgjob
