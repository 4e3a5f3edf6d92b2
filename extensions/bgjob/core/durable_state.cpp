#include "core/durable_state.hpp"

#include "pgcrew/error.hpp"

#include <array>

namespace pgcrew::bgjob {
namespace {

using S = DurableState;
using E = DurableEvent;
using Fact = bool JobFacts::*;

// One entry of the table: with the fact the event leads to another state than without it.
struct Step {
    S to = S::None;
    Fact fact = nullptr;
    S with_fact = S::None;
};

using Table = std::array<std::array<Step, durable_event_count>, durable_state_count>;

constexpr std::size_t at(S state) noexcept { return static_cast<std::size_t>(state); }
constexpr std::size_t at(E event) noexcept { return static_cast<std::size_t>(event); }

// What holds for every job that is in no worker's hands, and for one whose worker looks whether
// somebody wants something of it.
constexpr void add_live(Table &t, S state) {
    t[at(state)][at(E::Cancel)] = {S::Cancelled, &JobFacts::undo_left, S::Cancelling};
    t[at(state)][at(E::Died)] = {S::Ready, &JobFacts::out_of_lives, S::Quarantined};
    t[at(state)][at(E::Pause)] = {S::Paused};
}

constexpr void add_undo(Table &t, S state, S end) {
    for (const E event : {E::Due, E::Claim, E::FailForNow, E::Cancel})
        t[at(state)][at(event)] = {state};
    t[at(state)][at(E::Undone)] = {end};
    t[at(state)][at(E::UndoFailed)] = {S::NeedsAttention};
    t[at(state)][at(E::Died)] = {state, &JobFacts::out_of_lives, S::NeedsAttention};
}

// Jobs that only a user can bring on.
constexpr void add_resting(Table &t) {
    for (const S state : {S::Paused, S::NeedsAttention, S::Quarantined})
        t[at(state)][at(E::Died)] = {state};
    t[at(S::Paused)][at(E::Pause)] = {S::Paused};
    t[at(S::Paused)][at(E::Resume)] = {S::Ready, &JobFacts::due_later, S::Scheduled};
    for (const S state : {S::Paused, S::Quarantined})
        t[at(state)][at(E::Cancel)] = {S::Cancelled, &JobFacts::undo_left, S::Cancelling};
    t[at(S::Quarantined)][at(E::Retry)] = {S::Ready};
    // The user takes over what could not be undone.
    t[at(S::NeedsAttention)][at(E::Cancel)] = {S::Cancelled};
    t[at(S::NeedsAttention)][at(E::Retry)] = {S::Undoing, &JobFacts::cancel_asked, S::Cancelling};
}

constexpr void add_finished(Table &t) {
    for (const S state : {S::Succeeded, S::Failed, S::Cancelled})
        for (const E event : {E::Cancel, E::Died})
            t[at(state)][at(event)] = {state};
    t[at(S::Failed)][at(E::Retry)] = {S::Ready};
}

constexpr Table whole_table() {
    Table t{};
    t[at(S::None)][at(E::Start)] = {S::Ready, &JobFacts::due_later, S::Scheduled};
    for (const S state : {S::Scheduled, S::Ready, S::Running, S::Retrying, S::Waiting})
        add_live(t, state);
    for (const S state : {S::Scheduled, S::Ready, S::Retrying, S::Waiting})
        t[at(state)][at(E::Due)] = {S::Ready};
    t[at(S::Ready)][at(E::Claim)] = {S::Running};
    t[at(S::Running)][at(E::Suspend)] = {S::Waiting};
    t[at(S::Running)][at(E::Succeed)] = {S::Succeeded};
    t[at(S::Running)][at(E::FailForNow)] = {S::Retrying};
    t[at(S::Running)][at(E::FailForGood)] = {S::Failed, &JobFacts::undo_left, S::Undoing};
    t[at(S::Running)][at(E::Restart)] = {S::Ready};
    add_undo(t, S::Cancelling, S::Cancelled);
    add_undo(t, S::Undoing, S::Failed);
    add_resting(t);
    add_finished(t);
    return t;
}

constexpr Table table = whole_table();

constexpr std::array<const char *, durable_state_count> state_names{
    "none",        "scheduled", "ready",      "running",  "retrying",
    "waiting",     "paused",    "cancelling", "undoing",  "needs_attention",
    "quarantined", "succeeded", "failed",     "cancelled"};

constexpr std::array<const char *, durable_event_count> event_names{
    "start", "due",    "claim", "suspend", "succeed",     "fail for now", "fail for good", "cancel",
    "pause", "resume", "retry", "undone",  "undo failed", "died",         "restart"};

const char *in_words(Fact fact) noexcept {
    if (fact == &JobFacts::due_later)
        return "its first run is in the future";
    if (fact == &JobFacts::undo_left)
        return "steps are left to undo";
    if (fact == &JobFacts::cancel_asked)
        return "it was to be cancelled";
    return "for the third time";
}

// The state as a sentence.
std::string situation(S state) {
    switch (state) {
    case S::Succeeded:
        return "It has succeeded.";
    case S::Failed:
        return "It has failed.";
    case S::Cancelled:
        return "It was cancelled.";
    case S::Cancelling:
    case S::Undoing:
        return "Its steps are being undone.";
    default:
        return std::string("It is in state \"") + name(state) + "\".";
    }
}

[[noreturn]] void refuse(S from, E event) {
    const SqlState wrong_state = sqlstate::object_not_in_prerequisite_state;
    if (from == S::None)
        throw Error(sqlstate::undefined_object, "job does not exist");
    switch (event) {
    case E::Start:
        throw Error(sqlstate::duplicate_object, "job already exists", situation(from));
    case E::Retry:
        throw Error(wrong_state, "job cannot be retried", situation(from),
                    "Only a job that has failed, needs attention or is quarantined can be.");
    case E::Pause:
    case E::Resume:
        if (finished(from))
            throw Error(wrong_state, "job is already finished", situation(from));
        if (event == E::Resume)
            throw Error(wrong_state, "job is not paused", situation(from),
                        from == S::NeedsAttention || from == S::Quarantined
                            ? "Use bgjob.retry() to go on, or bgjob.cancel() to give up."
                            : "");
        throw Error(wrong_state, "job cannot be paused", situation(from));
    default:
        throw Error(sqlstate::internal_error, std::string("event \"") + name(event) +
                                                  "\" has no meaning for a job in state \"" +
                                                  name(from) + "\"");
    }
}

} // namespace

const char *name(DurableState state) noexcept { return state_names.at(at(state)); }

const char *name(DurableEvent event) noexcept { return event_names.at(at(event)); }

std::optional<DurableState> stored_state(int number) noexcept {
    const auto state = static_cast<S>(number);
    if (number <= 0 || number >= durable_state_count || state == S::Running)
        return std::nullopt;
    return state;
}

DurableState shown_state(DurableState stored, std::int64_t due_at, std::int64_t now,
                         bool locked) noexcept {
    const bool by_time = stored == S::Scheduled || stored == S::Retrying || stored == S::Waiting;
    const S shown = by_time && due_at <= now ? S::Ready : stored;
    // Whoever locks another row than a due one does not run it.
    return shown == S::Ready && locked ? S::Running : shown;
}

bool finished(DurableState state) noexcept {
    return state == S::Succeeded || state == S::Failed || state == S::Cancelled;
}

bool undoes(DurableState state) noexcept { return state == S::Cancelling || state == S::Undoing; }

DurableState in_work(DurableState stored) noexcept { return undoes(stored) ? stored : S::Running; }

std::optional<DurableState> next_state(DurableState from, DurableEvent event,
                                       const JobFacts &facts) noexcept {
    const Step &step = table.at(at(from)).at(at(event));
    const S to = step.fact != nullptr && facts.*step.fact ? step.with_fact : step.to;
    if (to == S::None)
        return std::nullopt;
    return to;
}

DurableState advance(DurableState from, DurableEvent event, const JobFacts &facts) {
    const auto to = next_state(from, event, facts);
    if (!to)
        refuse(from, event);
    return *to;
}

std::string transition_table() {
    std::string changes = "| state | event | next state |\n| --- | --- | --- |\n";
    std::string idle = "\n| state | nothing changes on |\n| --- | --- |\n";
    for (std::size_t s = 0; s < table.size(); ++s) {
        std::string same;
        for (std::size_t e = 0; e < table[s].size(); ++e) {
            const Step &step = table[s][e];
            if (step.to == S::None)
                continue;
            if (at(step.to) == s && step.fact == nullptr) {
                same += std::string(same.empty() ? "" : ", ") + event_names[e];
                continue;
            }
            changes += std::string("| ") + state_names[s] + " | " + event_names[e] + " | ";
            if (step.fact != nullptr)
                changes +=
                    std::string(name(step.with_fact)) + " if " + in_words(step.fact) + ", else ";
            changes += std::string(name(step.to)) + " |\n";
        }
        if (!same.empty())
            idle += std::string("| ") + state_names[s] + " | " + same + " |\n";
    }
    return changes + idle;
}

} // namespace pgcrew::bgjob
