// Draws one durable job as a timeline of text: what bgjob.trace() returns.
//
//   job 42 "order-7": ship_order in queue orders, undoing
//   began 2026-07-21 10:00:00.120 UTC after 120 ms, is 10 s old
//
//                      begin    took |0                     10 s|
//   step reserve        0 ms   12 ms |#                         |
//   task charge        15 ms  3.98 s |##x...######              | 2 attempts
//     ! attempt 1 failed after 900 ms: 40001 could not serialize access
//
// Our own marks are ASCII, so that a database of any encoding can show them. The texts given have
// to be UTF-8; what is not is shown by its bytes.
#pragma once
#include "core/durable_state.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgcrew::bgjob {

enum class TraceKind : std::uint8_t { Step, Task, Sleep, WaitSignal, Child, Undo };

struct TraceJob;

struct TraceAttempt {
    std::int64_t began = 0;
    std::optional<std::int64_t> ended{}; // not yet
    std::string sqlstate{}, message{};   // empty: it did not fail
};

struct TraceWait {
    std::int64_t began = 0;
    std::optional<std::int64_t> ended{};
};

// A step without attempts and waits worked, or waited if that is its kind, all the time.
struct TraceStep {
    std::string name{};
    int occurrence = 1;
    TraceKind kind = TraceKind::Step;
    std::int64_t began = 0;
    std::optional<std::int64_t> ended{};
    std::vector<TraceAttempt> attempts{}; // in order
    std::vector<TraceWait> waits{};
    std::vector<TraceJob> children; // that it started
};

// A job that is no workflow has one step, with its attempts.
struct TraceJob {
    std::int64_t id = 0;
    std::string key{}, name{}, queue{}; // the key may be empty
    DurableState state = DurableState::Ready;
    std::int64_t enqueued = 0;
    std::optional<std::int64_t> began{}, ended{};
    std::string sqlstate{}, message{}; // why it failed, or the reason of a cancel
    std::vector<TraceStep> steps{};    // in the order of their begin
};

struct TraceOptions {
    std::int64_t now = 0;     // for what has not ended
    int columns = 40;         // of a bar, at least 10
    int depth = 8;            // of children
    std::size_t failures = 5; // the last ones of each step
    std::size_t bytes = 1'048'576;
};

// Lines that end with a newline. Not more than the bytes allowed, and a line that says so.
std::string draw(const TraceJob &job, const TraceOptions &options);

} // namespace pgcrew::bgjob
