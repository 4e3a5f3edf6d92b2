#include "catch.hpp"
#include "core/duration.hpp"
#include "core/trace.hpp"
#include "core/visible_text.hpp"

#include <limits>
#include <random>
#include <sstream>

using namespace pgcrew::bgjob;

namespace {

constexpr std::int64_t ms = millisecond;
constexpr std::int64_t t0 = 1'784'628'000 * second; // 2026-07-21 10:00:00 UTC

TraceStep step(TraceKind kind, std::string name, std::int64_t began, std::int64_t ended) {
    TraceStep s;
    s.kind = kind;
    s.name = std::move(name);
    s.began = t0 + began;
    if (ended >= 0)
        s.ended = t0 + ended;
    return s;
}

TraceStep with(TraceStep s, std::vector<TraceAttempt> attempts) {
    s.attempts = std::move(attempts);
    return s;
}

TraceJob mail_job() {
    return {.id = 43,
            .key = "order-7/mail",
            .name = "send_mail",
            .queue = "mail",
            .state = DurableState::Failed,
            .enqueued = t0 + 5 * second,
            .began = t0 + 5200 * ms,
            .ended = t0 + 7 * second,
            .sqlstate = "23505",
            .message = "duplicate key value",
            .steps = {step(TraceKind::Step, "render", 5200 * ms, 5250 * ms),
                      with(step(TraceKind::Task, "send", 5250 * ms, 7000 * ms),
                           {{t0 + 5400 * ms, t0 + 6000 * ms, "08006", "connection lost"},
                            {t0 + 6500 * ms, t0 + 7000 * ms, "23505", "duplicate key value"}})}};
}

TraceJob order_job() {
    TraceStep third = step(TraceKind::Step, "ship", 7000 * ms, 8000 * ms);
    third.occurrence = 3;
    third.waits = {{t0 + 7200 * ms, t0 + 7700 * ms}};
    TraceStep child = step(TraceKind::Child, "mail", 5000 * ms, 7000 * ms);
    child.children = {mail_job()};
    return {.id = 42,
            .key = "order-7",
            .name = "ship_order",
            .queue = "orders",
            .state = DurableState::Undoing,
            .enqueued = t0 - 120 * ms,
            .began = t0,
            .steps = {step(TraceKind::Step, "reserve", 0, 12 * ms),
                      with(step(TraceKind::Task, "charge", 15 * ms, 4000 * ms),
                           {{t0 + 15 * ms, t0 + 915 * ms, "40001", "could not serialize access"},
                            {t0 + 1950 * ms, t0 + 4000 * ms}}),
                      step(TraceKind::WaitSignal, "approved", 4000 * ms, 5000 * ms), child, third,
                      step(TraceKind::Sleep, "pause", 8000 * ms, 9000 * ms),
                      step(TraceKind::Undo, "reserve", 9000 * ms, -1)}};
}

std::vector<std::string> lines(const std::string &text) {
    std::vector<std::string> all;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        all.push_back(line);
    return all;
}

bool has(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a workflow with everything in it", "[trace]") {
    const std::string expected =
        R"(job 42 "order-7": ship_order in queue orders, undoing
began 2026-07-21 10:00:00.000 UTC after 120 ms, is 10 s old

                                        begin         took |0                                   10 s|
step reserve                             0 ms        12 ms |#                                       |
task charge                             15 ms       3.98 s |###x...#########                        | 2 attempts
  ! attempt 1 failed after 900 ms: 40001 could not serialize access
signal approved                           4 s          1 s |                ....                    |
child mail                                5 s          2 s |                    ........            |
  job 43 send_mail                      5.2 s        1.8 s |                    ========            | failed
    ! 23505 duplicate key value
    step render                         5.2 s        50 ms |                    #                   |
    task send                          5.25 s       1.75 s |                     ##x..#x            | 2 attempts, failed
      ! attempt 1 failed after 600 ms: 08006 connection lost
      ! attempt 2 failed after 500 ms: 23505 duplicate key value
step ship #3                              7 s          1 s |                            ...#        |
sleep pause                               8 s          1 s |                                ....    |
undo reserve                              9 s          1 s |                                    ###>|

# works   . waits   x attempt failed   = child job   > goes on
)";
    CHECK(draw(order_job(), {.now = t0 + 10 * second}) == expected);
}

TEST_CASE("a plain job that failed", "[trace]") {
    const TraceJob job{
        .id = 7,
        .name = "insert into mails values ($1, $2)",
        .state = DurableState::Failed,
        .enqueued = t0,
        .began = t0 + ms,
        .ended = t0 + 3 * ms,
        .sqlstate = "42P01",
        .message = "relation \"mails\" does not exist",
        .steps = {with(step(TraceKind::Step, "1", ms, 3 * ms),
                       {{t0 + ms, t0 + 3 * ms, "42P01", "relation \"mails\" does not exist"}})}};
    CHECK(draw(job, {.columns = 10}) ==
          R"(job 7: insert into mails values ($1, $2), failed
began 2026-07-21 10:00:00.001 UTC after 1 ms, took 2 ms
! 42P01 relation "mails" does not exist

                                        begin         took |0     2 ms|
step 1                                   0 ms         2 ms |#########x| failed
  ! attempt 1 failed after 2 ms: 42P01 relation "mails" does not exist

# works   . waits   x attempt failed   = child job   > goes on
)");
}

TEST_CASE("a job that has not begun", "[trace]") {
    const std::string text = draw({.id = 8,
                                   .key = "k",
                                   .name = "p",
                                   .state = DurableState::Scheduled,
                                   .enqueued = t0 + 5999 * ms},
                                  {.now = t0 + minute});
    CHECK(has(text, "job 8 \"k\": p, scheduled\n"
                    "enqueued 2026-07-21 10:00:05.999 UTC, has not begun\n"));
}

TEST_CASE("names of users cannot break the drawing", "[trace]") {
    TraceJob job = order_job();
    job.key = "a\nb";
    job.name = std::string(5000, 'n');
    job.steps[0].name = "red\x1b[31m\nstep forged   0 ms";
    job.steps[1].name = "\xe4\xb8\xad\xe6\x96\x87 \xff " + std::string(300, 'x');
    job.steps[1].attempts[0].message = std::string(100'000, 'm') + "\n";
    const std::string text = draw(job, {.now = t0 + 10 * second});
    CHECK(lines(text).size() == lines(draw(order_job(), {.now = t0 + 10 * second})).size());
    for (const std::string &line : lines(text))
        CHECK(columns_of(line) < 400);
    CHECK_FALSE(has(text, "\x1b"));
    CHECK(has(text, "\nstep red\\x1b[31m\\nstep forged... "));
    CHECK(has(text, "\ntask \xe4\xb8\xad\xe6\x96\x87 \\xff xxx"));
}

TEST_CASE("the bars stand below each other", "[trace]") {
    TraceJob job = order_job();
    job.steps[0].name = "\xc3\xa4\xc3\xb6\xc3\xbc \xe4\xb8\xad\xe6\x96\x87";
    for (const int columns : {10, 40, 77}) {
        const std::string text = draw(job, {.now = t0 + 10 * second, .columns = columns});
        int bars = 0;
        for (const std::string &line : lines(text)) {
            const auto bar = line.find(" |");
            if (bar == std::string::npos)
                continue;
            ++bars;
            CHECK(columns_of(line.substr(0, bar)) == 58);
            CHECK(line.find('|', bar + 2) == bar + 2 + static_cast<std::size_t>(columns));
        }
        CHECK(bars == 11);
    }
}

TEST_CASE("children are drawn to a depth and no deeper", "[trace]") {
    TraceJob inner = mail_job();
    for (int i = 0; i < 30; ++i) {
        TraceStep wrap = step(TraceKind::Child, "level", 0, 1000 * ms);
        wrap.children = {inner};
        TraceJob outer = mail_job();
        outer.steps = {wrap};
        inner = outer;
    }
    const std::string text = draw(inner, {.now = t0 + minute, .depth = 3});
    CHECK(has(text, "\n" + std::string(14, ' ') + "... 1 child not shown\n"));
    std::size_t jobs = 0;
    for (const std::string &line : lines(text))
        jobs += has(line, "job 43 send_mail") ? 1 : 0;
    CHECK(jobs == 3);
    const std::string whole = draw(inner, {.now = t0 + minute, .depth = 100});
    CHECK_FALSE(has(whole, "not shown"));
    for (const std::string &line : lines(whole))
        if (has(line, " |"))
            CHECK(line.find(" |") == 58);
}

TEST_CASE("of many failures the last ones are shown", "[trace]") {
    TraceStep s = step(TraceKind::Step, "try", 0, 20'000 * ms);
    for (int i = 0; i < 20; ++i)
        s.attempts.push_back({t0 + i * second, t0 + i * second + 500 * ms, "40P01", "deadlock"});
    TraceJob job = mail_job();
    job.steps = {s};
    const std::string text = draw(job, {.now = t0 + 20 * second, .failures = 2});
    CHECK(has(text, "  ! 18 earlier failures not shown\n  ! attempt 19 failed after 500 ms: 40P01 "
                    "deadlock\n  ! attempt 20 failed"));
    CHECK_FALSE(has(text, "attempt 18"));
    CHECK(has(text, "| 20 attempts, failed\n"));
}

TEST_CASE("a drawing is never larger than allowed, and says that it ends early", "[trace]") {
    TraceJob job = order_job();
    for (int i = 0; i < 200; ++i)
        job.steps.push_back(order_job().steps[3]);
    const std::size_t whole = draw(job, {.now = t0 + 10 * second}).size();
    const std::string end = "... the rest is left out: the drawing is too large\n";
    for (std::size_t bytes = 0; bytes < whole; bytes += 1 + bytes / 5) {
        const std::string text = draw(job, {.now = t0 + 10 * second, .bytes = bytes});
        REQUIRE(text.size() <= bytes);
        if (bytes >= end.size())
            REQUIRE(text.substr(text.size() - end.size()) == end);
    }
    CHECK_FALSE(has(draw(job, {.now = t0 + 10 * second, .bytes = whole + end.size()}), end));
}

TEST_CASE("times without sense give a drawing all the same", "[trace]") {
    std::mt19937_64 random(5);
    const auto time = [&random]() -> std::int64_t {
        switch (random() % 5) {
        case 0:
            return std::numeric_limits<std::int64_t>::max();
        case 1:
            return std::numeric_limits<std::int64_t>::min();
        case 2:
            return static_cast<std::int64_t>(random());
        default:
            return t0 + static_cast<std::int64_t>(random() % 1000) * ms;
        }
    };
    for (int i = 0; i < 2000; ++i) {
        TraceJob job = order_job();
        job.enqueued = time();
        job.began = time();
        job.ended = time();
        for (TraceStep &s : job.steps) {
            s.began = time();
            s.ended = time();
            for (TraceAttempt &attempt : s.attempts)
                attempt = {time(), time(), "40001", "x"};
        }
        const std::string text = draw(job, {.now = time()});
        for (const std::string &line : lines(text))
            REQUIRE(columns_of(line) < 200);
    }
}
