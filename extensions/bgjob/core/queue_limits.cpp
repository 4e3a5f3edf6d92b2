#include "core/queue_limits.hpp"

#include "core/options.hpp"
#include "pgcrew/error.hpp"
#include "pgcrew/json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

namespace pgcrew::bgjob {
namespace {

constexpr double highest_rate = 1e6;

constexpr std::array keep_words{"all", "failed", "none"};
constexpr std::array durability_words{"async", "sync"};

// A word, or how long all are kept.
Keep read_keep(Options &options, const Keep &defaults) {
    const Json *given = options.member("keep");
    if (given == nullptr)
        return defaults;
    for (std::size_t i = 0; i < keep_words.size(); ++i)
        if (given->is_string() && given->get_ref<const std::string &>() == keep_words.at(i))
            return {static_cast<Keep::What>(i), 0};
    const auto length = duration_of(*given);
    if (!length || *length < minute)
        Options::refuse("keep", "It is \"all\", \"failed\", \"none\" or a length of time of at "
                                "least 1 min, such as \"30 days\".");
    return {Keep::What::All, *length};
}

void read_rate(Options &options, QueueOptions &queue) {
    queue.rate = options.number("rate", 0, highest_rate).value_or(queue.rate);
    const auto burst = options.number("burst", 1, highest_rate);
    if (burst && queue.rate <= 0)
        throw Error(sqlstate::invalid_parameter_value,
                    "queue without a rate has no use for \"burst\"");
    if (burst || queue.rate <= 0)
        queue.burst = burst.value_or(0);
}

// 10 rather than 10.0.
Json written(double number) {
    if (number == std::floor(number))
        return static_cast<std::int64_t>(number);
    return number;
}

Json written(const Keep &keep) {
    if (keep.what == Keep::What::All && keep.for_us > 0)
        return write_duration(keep.for_us);
    return keep_words.at(static_cast<std::size_t>(keep.what));
}

void check_bytes(const char *what, std::int64_t bytes, std::int64_t most) {
    if (bytes > most)
        throw Error(sqlstate::program_limit_exceeded, std::string(what) + " is too large",
                    "It has " + std::to_string(bytes) + " bytes, its queue allows " +
                        std::to_string(most) + ".");
}

} // namespace

QueueOptions parse_queue_options(const Json &json, const QueueOptions &defaults) {
    QueueOptions queue = defaults;
    Options options(json, "queue");
    const auto read = [&options](const char *name, std::int64_t least, std::int64_t most,
                                 auto &value) {
        if (const auto given = options.integer(name, least, most))
            value = static_cast<std::remove_reference_t<decltype(value)>>(*given);
    };
    read("concurrency", 0, 10'000, queue.concurrency);
    read_rate(options, queue);
    read("priority", -1000, 1000, queue.priority);
    read("max_attempts", 1, limits::most_attempts, queue.max_attempts);
    queue.keep = read_keep(options, queue.keep);
    if (const auto word = options.word("durability", durability_words))
        queue.durability = static_cast<Durability>(*word);
    read("group", 1, limits::group, queue.group);
    read("max_payload", 1, limits::most_bytes, queue.max_payload);
    read("max_result", 1, limits::most_bytes, queue.max_result);
    read("max_live_jobs", 1, limits::most_live_jobs, queue.max_live_jobs);
    options.finish();
    return queue;
}

Json to_json(const QueueOptions &queue) {
    Json json{{"concurrency", queue.concurrency},
              {"rate", written(queue.rate)},
              {"priority", queue.priority},
              {"max_attempts", queue.max_attempts},
              {"keep", written(queue.keep)},
              {"durability", durability_words.at(static_cast<std::size_t>(queue.durability))},
              {"group", queue.group},
              {"max_payload", queue.max_payload},
              {"max_result", queue.max_result},
              {"max_live_jobs", queue.max_live_jobs}};
    if (queue.burst > 0)
        json["burst"] = written(queue.burst);
    return json;
}

void check_payload(const QueueOptions &queue, std::int64_t bytes) {
    check_bytes("payload", bytes, queue.max_payload);
}

void check_result(const QueueOptions &queue, std::int64_t bytes) {
    check_bytes("result", bytes, queue.max_result);
}

void check_live_jobs(const QueueOptions &queue, std::int64_t live) {
    if (live >= queue.max_live_jobs)
        throw Error(sqlstate::configuration_limit_exceeded, "too many unfinished jobs",
                    "The role has " + std::to_string(live) + ", the queue allows " +
                        std::to_string(queue.max_live_jobs) + ".");
}

static_assert(std::is_trivially_copyable_v<QueueLimiter>);

QueueLimiter::QueueLimiter(const QueueOptions &queue, std::int64_t now) noexcept
    : concurrency_(queue.concurrency),
      tokens_(queue.rate, queue.burst > 0 ? queue.burst : std::max(1.0, queue.rate), now) {}

Admitted QueueLimiter::admit(int running, std::int64_t now, int wanted) noexcept {
    const int room = concurrency_ == 0 ? wanted : std::min(wanted, concurrency_ - running);
    if (room <= 0)
        return {0, TokenBucket::never};
    int jobs = 0;
    while (jobs < room && tokens_.take(now))
        ++jobs;
    return {jobs, jobs > 0 ? now : tokens_.available_at(now)};
}

} // namespace pgcrew::bgjob
