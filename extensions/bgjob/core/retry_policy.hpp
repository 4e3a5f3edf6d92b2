// Whether a job, step or task that failed is tried again, and when.
//
// A failure is transient if the same thing may well succeed a moment later without anybody doing
// something about it:
//   08      connection exception (of dblink or a foreign server)
//   40      transaction rollback: serialization failure, deadlock
//   53      insufficient resources: memory, disk, connections, quotas
//   55P03   lock_not_available, which lock_timeout gives too
//   57      operator intervention: shutdown, recovery; except
//             57014 query_canceled: a statement_timeout will pass again, and who cancelled by hand
//                   meant it (a cancel of the job itself is no failure and does not come here);
//             57P04 database_dropped.
// All others are final. A policy that says nothing tries transient failures again; one that says
// how many attempts there are means all failures, unless "on" says otherwise.
#pragma once
#include "core/limits.hpp"
#include "pgcrew/backoff.hpp"
#include "pgcrew/json_fwd.hpp"
#include "pgcrew/sqlstate.hpp"

#include <cstdint>
#include <optional>

namespace pgcrew::bgjob {

bool transient(SqlState state) noexcept;

struct RetryPolicy {
    int attempts = limits::attempts; // the first one included
    bool any_failure = false;        // final ones are tried again too
    BackoffOptions backoff{.base = 1'000'000,
                           .cap = 600'000'000,
                           .multiplier = 2,
                           .growth = Growth::Exponential,
                           .jitter = Jitter::Quarter};
    std::int64_t total = 0; // from the begin of the first attempt to that of the last; 0: no limit
};

// {"attempts": 1..1000, "on": "transient" | "any", "backoff": "none" | "fixed" | "linear" |
//  "exponential", "base": duration, "cap": duration, "jitter": "none" | "quarter" | "full",
//  "total": duration}, each optional: the rest is as in `defaults`. 22023 for anything else.
RetryPolicy parse_retry_policy(const Json &options, const RetryPolicy &defaults = {});

struct Failure {
    SqlState state;
    int attempt;                // that failed, from 1
    std::int64_t first_attempt; // when the first one began
    std::int64_t now;
};

// When the next attempt is due; nullopt if there is none. `random` spreads those that failed
// together.
std::optional<std::int64_t> next_attempt(const RetryPolicy &policy, const Failure &failure,
                                         std::uint32_t random) noexcept;

} // namespace pgcrew::bgjob
