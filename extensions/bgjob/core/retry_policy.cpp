#include "core/retry_policy.hpp"

#include "core/duration.hpp"
#include "core/options.hpp"
#include "pgcrew/error.hpp"

#include <array>

namespace pgcrew::bgjob {
namespace {

constexpr std::int64_t longest_wait = 30 * day;

// Two characters of six bits each name the class.
constexpr int class_of(SqlState state) noexcept { return state.packed() & 0xFFF; }

constexpr SqlState lock_not_available{"55P03"};
constexpr SqlState database_dropped{"57P04"};
constexpr std::array transient_classes{class_of(SqlState("08000")), class_of(SqlState("40000")),
                                       class_of(SqlState("53000")), class_of(SqlState("57000"))};

void read_backoff(Options &options, RetryPolicy &policy) {
    constexpr std::array kinds{"fixed", "linear", "exponential", "none"};
    constexpr std::array growths{Growth::Fixed, Growth::Linear, Growth::Exponential, Growth::Fixed};
    constexpr std::array jitters{"none", "quarter", "full"};
    constexpr std::array jitter_values{Jitter::None, Jitter::Quarter, Jitter::Full};
    const auto kind = options.word("backoff", kinds);
    const bool none = kind && *kind == kinds.size() - 1;
    if (kind)
        policy.backoff.growth = growths.at(*kind);
    const auto base = options.duration("base", millisecond, longest_wait);
    const auto cap = options.duration("cap", millisecond, longest_wait);
    if (none && (base || cap))
        throw Error(sqlstate::invalid_parameter_value,
                    "retry policy without back-off has neither base nor cap");
    if (base)
        policy.backoff.base = *base;
    if (cap)
        policy.backoff.cap = *cap;
    else if (policy.backoff.cap < policy.backoff.base)
        policy.backoff.cap = policy.backoff.base;
    if (policy.backoff.cap < policy.backoff.base)
        throw Error(sqlstate::invalid_parameter_value,
                    "cap of a retry policy must not be less than its base",
                    "The base is " + write_duration(policy.backoff.base) + ", the cap is " +
                        write_duration(policy.backoff.cap) + ".");
    if (none)
        policy.backoff.base = 0;
    if (const auto jitter = options.word("jitter", jitters))
        policy.backoff.jitter = jitter_values.at(*jitter);
}

} // namespace

bool transient(SqlState state) noexcept {
    if (state == sqlstate::query_canceled || state == database_dropped)
        return false;
    if (state == lock_not_available)
        return true;
    for (const int one : transient_classes)
        if (class_of(state) == one)
            return true;
    return false;
}

RetryPolicy parse_retry_policy(const Json &json, const RetryPolicy &defaults) {
    constexpr std::array failures{"transient", "any"};
    RetryPolicy policy = defaults;
    Options options(json, "retry policy");
    if (const auto attempts = options.integer("attempts", 1, limits::most_attempts)) {
        policy.attempts = static_cast<int>(*attempts);
        policy.any_failure = true;
    }
    if (const auto on = options.word("on", failures))
        policy.any_failure = *on == 1;
    read_backoff(options, policy);
    if (const auto total = options.duration("total", millisecond, longest_duration))
        policy.total = *total;
    options.finish();
    return policy;
}

std::optional<std::int64_t> next_attempt(const RetryPolicy &policy, const Failure &failure,
                                         std::uint32_t random) noexcept {
    if (failure.attempt >= policy.attempts || !(policy.any_failure || transient(failure.state)))
        return std::nullopt;
    const std::int64_t wait = backoff_wait(policy.backoff, failure.attempt, random);
    const std::int64_t due = failure.now + wait;
    if (policy.total > 0 && due - failure.first_attempt > policy.total)
        return std::nullopt;
    return due;
}

} // namespace pgcrew::bgjob
