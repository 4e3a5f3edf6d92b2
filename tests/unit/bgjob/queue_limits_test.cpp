#include "core/queue_limits.hpp"
#include "error_of.hpp"
#include "pgcrew/clock.hpp"
#include "pgcrew/json.hpp"

#include <deque>
#include <random>
#include <vector>

using namespace pgcrew;
using namespace pgcrew::bgjob;

namespace {

QueueOptions queue(const char *json) { return parse_queue_options(parse_json(json)); }

Error refusal(const char *json) {
    return error_of([&] { (void)queue(json); });
}

} // namespace

TEST_CASE("options of a queue are read", "[queue_limits]") {
    CHECK(queue("{}") == QueueOptions{});
    const QueueOptions all = queue(R"({"concurrency": 4, "rate": 2.5, "burst": 10, "priority": -3,
        "max_attempts": 7, "keep": "7 days", "durability": "sync", "group": 50,
        "max_payload": 1000, "max_result": 2000, "max_live_jobs": 300})");
    CHECK(all == QueueOptions{.concurrency = 4,
                              .rate = 2.5,
                              .burst = 10,
                              .priority = -3,
                              .max_attempts = 7,
                              .keep = {Keep::What::All, 7 * day},
                              .durability = Durability::Sync,
                              .group = 50,
                              .max_payload = 1000,
                              .max_result = 2000,
                              .max_live_jobs = 300});
}

TEST_CASE("what a queue keeps is a word or a length of time", "[queue_limits]") {
    CHECK(queue(R"({"keep": "all"})").keep == Keep{Keep::What::All, 0});
    CHECK(queue(R"({"keep": "failed"})").keep == Keep{Keep::What::Failed, 0});
    CHECK(queue(R"({"keep": "none"})").keep == Keep{Keep::What::None, 0});
    CHECK(queue(R"({"keep": 3600})").keep == Keep{Keep::What::All, hour});
    CHECK(queue("{}").keep == Keep{Keep::What::All, 30 * day});
    for (const char *json : {R"({"keep": "some"})", R"({"keep": true})", R"({"keep": "59 s"})",
                             R"({"keep": 0})", R"({"keep": []})", R"({"keep": "1 mon"})"}) {
        const Error e = refusal(json);
        CHECK(std::string(e.what()) == "invalid value of option \"keep\"");
        CHECK(e.detail() == "It is \"all\", \"failed\", \"none\" or a length of time of at least "
                            "1 min, such as \"30 days\".");
    }
}

TEST_CASE("a change leaves the other options as they were", "[queue_limits]") {
    const QueueOptions before = queue(R"({"concurrency": 4, "rate": 2, "burst": 10, "group": 5})");
    QueueOptions after =
        parse_queue_options(parse_json(R"({"concurrency": 9, "rate": 3})"), before);
    CHECK(after.concurrency == 9);
    CHECK(after.rate == 3);
    CHECK(after.burst == 10);
    CHECK(after.group == 5);
    after = parse_queue_options(parse_json(R"({"rate": 0})"), after);
    CHECK(after.burst == 0); // it goes with the rate
}

TEST_CASE("options that are written are read back as the same", "[queue_limits]") {
    for (const char *json :
         {"{}", R"({"rate": 0.1, "keep": "none"})", R"({"rate": 10, "burst": 1.5, "keep": "all"})",
          R"({"priority": 1000, "durability": "sync", "keep": "36 hours"})"}) {
        INFO(json);
        CHECK(queue(dump_json(to_json(queue(json))).c_str()) == queue(json));
    }
    CHECK(dump_json(to_json(queue(R"({"rate": 10, "burst": 20})"))) ==
          R"({"burst":20,"concurrency":0,"durability":"async","group":1,"keep":"30 d",)"
          R"("max_attempts":5,"max_live_jobs":10000000,"max_payload":1048576,)"
          R"("max_result":1048576,"priority":0,"rate":10})");
}

TEST_CASE("each option of a queue has its range", "[queue_limits]") {
    for (const char *json :
         {R"({"concurrency": -1})", R"({"concurrency": 10001})", R"({"rate": -0.1})",
          R"({"rate": 1000001})", R"({"rate": "10"})", R"({"rate": 1, "burst": 0})",
          R"({"priority": 1001})", R"({"priority": -1001})", R"({"max_attempts": 0})",
          R"({"durability": "on"})", R"({"group": 0})", R"({"group": 51})", R"({"max_payload": 0})",
          R"({"max_result": 268435457})", R"({"max_live_jobs": 0})", R"({"concurency": 1})",
          R"({"burst": 5})", R"("fast")"}) {
        INFO(json);
        CHECK(refusal(json).state() == sqlstate::invalid_parameter_value);
    }
    CHECK(refusal(R"({"rate": -1})").detail() == "It is a number from 0.0 to 1000000.0.");
    CHECK(std::string(refusal(R"({"burst": 5})").what()) ==
          "queue without a rate has no use for \"burst\"");
    CHECK(std::string(refusal("3").what()) == "queue must be a JSON object");
}

TEST_CASE("what is too large or too much has a code of its own", "[queue_limits]") {
    const QueueOptions q = queue(R"({"max_payload": 10, "max_result": 20, "max_live_jobs": 3})");
    CHECK_NOTHROW(check_payload(q, 10));
    CHECK_NOTHROW(check_result(q, 20));
    CHECK_NOTHROW(check_live_jobs(q, 2));
    const Error payload = error_of([&] { check_payload(q, 11); });
    CHECK(payload.state() == sqlstate::program_limit_exceeded);
    CHECK(std::string(payload.what()) == "payload is too large");
    CHECK(payload.detail() == "It has 11 bytes, its queue allows 10.");
    CHECK(std::string(error_of([&] { check_result(q, 21); }).what()) == "result is too large");
    const Error live = error_of([&] { check_live_jobs(q, 3); });
    CHECK(live.state() == sqlstate::configuration_limit_exceeded);
    CHECK(live.detail() == "The role has 3, the queue allows 3.");
}

TEST_CASE("a queue without limits starts all", "[queue_limits]") {
    QueueLimiter limiter({}, 0);
    CHECK(limiter.admit(1'000'000, 0, 50).jobs == 50);
}

TEST_CASE("a full queue waits for the end of a job", "[queue_limits]") {
    QueueLimiter limiter(queue(R"({"concurrency": 3})"), 0);
    CHECK(limiter.admit(0, 0, 5).jobs == 3);
    CHECK(limiter.admit(2, 0, 5).jobs == 1);
    for (const int running : {3, 4}) { // 4: the limit was lowered
        const Admitted none = limiter.admit(running, 0, 5);
        CHECK(none.jobs == 0);
        CHECK(none.retry_at == TokenBucket::never);
    }
}

TEST_CASE("a rate lets jobs start at their time and not before", "[queue_limits]") {
    ManualClock clock;
    QueueLimiter limiter(queue(R"({"rate": 4, "burst": 2})"), clock.monotonic());
    CHECK(limiter.admit(0, clock.monotonic(), 5).jobs == 2);
    const Admitted later = limiter.admit(0, clock.monotonic());
    CHECK(later.jobs == 0);
    CHECK(later.retry_at == 250 * millisecond);
    clock.advance(later.retry_at - 1);
    CHECK(limiter.admit(0, clock.monotonic()).jobs == 0);
    clock.advance(1);
    CHECK(limiter.admit(0, clock.monotonic()).jobs == 1);
    clock.advance(hour); // no more than a burst is saved up
    CHECK(limiter.admit(0, clock.monotonic(), 50).jobs == 2);
}

TEST_CASE("a job that may not start for another reason uses up nothing of the rate",
          "[queue_limits]") {
    QueueLimiter limiter(queue(R"({"rate": 1, "burst": 1, "concurrency": 1})"), 0);
    for (int i = 0; i < 10; ++i)
        CHECK(limiter.admit(1, 0).jobs == 0);
    CHECK(limiter.admit(0, 0).jobs == 1);
}

TEST_CASE("a rate below one a second lets the first job start at once", "[queue_limits]") {
    QueueLimiter limiter(queue(R"({"rate": 0.1})"), 0);
    CHECK(limiter.admit(0, 0).jobs == 1);
    CHECK(limiter.admit(0, 0).retry_at == 10 * second);
}

TEST_CASE("whatever happens, no limit is exceeded and no job is forgotten", "[queue_limits]") {
    std::mt19937 random(3);
    for (int round = 0; round < 30; ++round) {
        const int concurrency = 1 + static_cast<int>(random() % 8);
        const double rate = 0.5 + static_cast<double>(random() % 400) / 10;
        const double burst = 1 + static_cast<double>(random() % 20);
        QueueLimiter limiter({.concurrency = concurrency, .rate = rate, .burst = burst}, 0);
        std::int64_t now = 0;
        std::deque<std::int64_t> ends;
        int waiting = 200;
        int started = 0;
        for (int turn = 0; waiting > 0 && turn < 100'000; ++turn) {
            const Admitted a = limiter.admit(static_cast<int>(ends.size()), now, waiting);
            waiting -= a.jobs;
            started += a.jobs;
            for (int i = 0; i < a.jobs; ++i)
                ends.push_back(now + 100 * millisecond);
            REQUIRE(static_cast<int>(ends.size()) <= concurrency);
            REQUIRE(started <= burst + rate * static_cast<double>(now) / second + 1e-6);
            if (a.jobs > 0)
                continue;
            // Sleeps exactly as long as it is told.
            std::int64_t next = a.retry_at;
            if (!ends.empty())
                next = std::min(next, ends.front());
            REQUIRE(next > now);
            REQUIRE(next != TokenBucket::never);
            now = next;
            while (!ends.empty() && ends.front() <= now)
                ends.pop_front();
        }
        REQUIRE(waiting == 0);
        // As fast as the limits allow, but for the last job's rounding.
        const double by_rate = (200 - burst) / rate;
        const double by_room = 200.0 / concurrency * 0.1;
        CHECK(static_cast<double>(now) / second <= by_rate + by_room + 0.2);
    }
}
