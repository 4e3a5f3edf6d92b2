// The life of a durable job: one table says what each event does in each state, and what the user
// is told when it can do nothing there.
//
//   scheduled -> ready -> running -> succeeded
//                  ^         |-> waiting   (suspended: a timer, a signal, a task or children)
//                  |         |-> retrying  (failed, comes back after its back-off)
//                  +---------+   (both become ready by time or event)
//   running -> undoing -> failed           (failed for good; the undo steps run first)
//   any unfinished -> cancelling -> cancelled
//   undoing, cancelling -> needs_attention (an undo failed for good)
//   running -> quarantined                 (its worker ended three times)
//
// A row never says "running": a worker holds its lock, and the row says what the job was before.
// So it does after a crash too, which is why `died` means the same in those states. Nor is anything
// written when a time comes: shown_state() tells what is due, and a claim is preceded by `due`.
// Undo steps run under the lock as well, but the row keeps telling why they do.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace pgcrew::bgjob {

// The numbers stand in tables: none of them ever changes its meaning.
enum class DurableState : std::uint8_t {
    None = 0, // there is no such job
    Scheduled = 1,
    Ready = 2,
    Running = 3,
    Retrying = 4,
    Waiting = 5,
    Paused = 6,
    Cancelling = 7,
    Undoing = 8,
    NeedsAttention = 9,
    Quarantined = 10,
    Succeeded = 11,
    Failed = 12,
    Cancelled = 13
};
inline constexpr int durable_state_count = 14;

enum class DurableEvent : std::uint8_t {
    Start,
    Due,     // its time has come, or what it waits for: a signal, a task's result, a child's end
    Claim,   // a worker has locked its row
    Suspend, // the workflow left until a time or an event
    Succeed,
    FailForNow, // the job or an undo step, and there will be another attempt
    FailForGood,
    Cancel, // by the user or with its parent
    Pause,
    Resume,
    Retry,      // by hand
    Undone,     // no undo step is left
    UndoFailed, // for good
    Died,       // its worker or the server ended without a word
    Restart     // the workflow asked for its next execution
};
inline constexpr int durable_event_count = 15;

// What some transitions depend on.
struct JobFacts {
    bool due_later = false;    // its first run is in the future
    bool undo_left = false;    // completed steps have undo statements that have not run
    bool cancel_asked = false; // before it came to need attention
    bool out_of_lives = false; // this was the last unclean end that is forgiven
};

// In words: "waiting", "fails for now".
const char *name(DurableState state) noexcept;
const char *name(DurableEvent event) noexcept;

// nullopt for a number that no row can have: 0, that of "running", and all unknown ones.
std::optional<DurableState> stored_state(int number) noexcept;

// What users see of a row: one whose time has come is ready, one that is locked is running.
DurableState shown_state(DurableState stored, std::int64_t due_at, std::int64_t now,
                         bool locked) noexcept;

bool finished(DurableState state) noexcept; // succeeded, failed or cancelled
bool undoes(DurableState state) noexcept;   // runs undo steps and nothing else

// What a job is while a worker has it, whose row says this: still that if it undoes, else running.
DurableState in_work(DurableState stored) noexcept;

// The state after an event, which may be the same; nullopt if the event is refused in this state,
// as the claim of a job that was paused after its turn had come.
std::optional<DurableState> next_state(DurableState from, DurableEvent event,
                                       const JobFacts &facts) noexcept;

// The same, but a refusal is the error that the SQL function gives: 42704 without a job, 42710
// for a second start, 55000 for what its state forbids, XX000 for an event that no user can cause.
DurableState advance(DurableState from, DurableEvent event, const JobFacts &facts);

// The table in Markdown: a line for each state and event that changes it, then for each state what
// does nothing there. The rest is refused.
std::string transition_table();

} // namespace pgcrew::bgjob
