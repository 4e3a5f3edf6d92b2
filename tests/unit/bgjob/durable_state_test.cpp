#include "core/durable_state.hpp"
#include "error_of.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <vector>

using namespace pgcrew;
using namespace pgcrew::bgjob;

using S = DurableState;
using E = DurableEvent;

namespace {

std::vector<S> all_states() {
    std::vector<S> all(durable_state_count);
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = static_cast<S>(i);
    return all;
}

std::vector<E> all_events() {
    std::vector<E> all(durable_event_count);
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = static_cast<E>(i);
    return all;
}

std::vector<JobFacts> all_facts() {
    std::vector<JobFacts> all;
    for (unsigned bits = 0; bits < 16; ++bits)
        all.push_back({(bits & 1U) != 0, (bits & 2U) != 0, (bits & 4U) != 0, (bits & 8U) != 0});
    return all;
}

// The state after these events, none of which may be refused.
S after(S from, const std::vector<E> &events, const JobFacts &facts = {}) {
    for (const E event : events)
        from = advance(from, event, facts);
    return from;
}

Error refusal(S from, E event) {
    return error_of([&] { (void)advance(from, event, {}); });
}

constexpr std::array ends{S::Succeeded, S::Failed, S::Cancelled};

bool is_end(S state) { return std::find(ends.begin(), ends.end(), state) != ends.end(); }

} // namespace

TEST_CASE("every durable state and event has a word of its own", "[durable_state]") {
    std::set<std::string> words;
    for (const S state : all_states())
        words.insert(name(state));
    CHECK(words == std::set<std::string>{"none", "scheduled", "ready", "running", "retrying",
                                         "waiting", "paused", "cancelling", "undoing",
                                         "needs_attention", "quarantined", "succeeded", "failed",
                                         "cancelled"});
    std::set<std::string> events;
    for (const E event : all_events())
        events.insert(name(event));
    CHECK(events.size() == durable_event_count);
}

TEST_CASE("the numbers in tables keep their meaning", "[durable_state]") {
    const std::array expected{"scheduled",       "ready",       "",           "retrying",
                              "waiting",         "paused",      "cancelling", "undoing",
                              "needs_attention", "quarantined", "succeeded",  "failed",
                              "cancelled"};
    for (int number = -1; number <= 300; ++number) {
        const auto state = stored_state(number);
        const bool known = number >= 1 && number <= 13 && number != 3;
        REQUIRE(state.has_value() == known);
        if (known)
            CHECK(std::string(name(*state)) == expected.at(static_cast<std::size_t>(number) - 1));
    }
}

TEST_CASE("the ways of a job", "[durable_state]") {
    CHECK(after(S::None, {E::Start, E::Claim, E::Succeed}) == S::Succeeded);
    CHECK(after(S::None, {E::Start}, {.due_later = true}) == S::Scheduled);
    CHECK(after(S::Scheduled, {E::Due, E::Claim}) == S::Running);
    CHECK(after(S::Running, {E::FailForNow}) == S::Retrying);
    CHECK(after(S::Retrying, {E::Due, E::Claim, E::FailForGood}) == S::Failed);
    CHECK(after(S::Running, {E::Suspend}) == S::Waiting);
    CHECK(after(S::Waiting, {E::Due, E::Claim, E::Suspend, E::Due}) == S::Ready);
    CHECK(after(S::Running, {E::Restart, E::Claim, E::Succeed}) == S::Succeeded);
    CHECK(after(S::Failed, {E::Retry, E::Claim}) == S::Running);
}

TEST_CASE("a job that fails with steps to undo has failed when they are undone",
          "[durable_state]") {
    const JobFacts left{.undo_left = true};
    CHECK(after(S::Running, {E::FailForGood}, left) == S::Undoing);
    CHECK(after(S::Undoing, {E::Claim, E::FailForNow, E::Due, E::Claim, E::Undone}) == S::Failed);
    CHECK(after(S::Waiting, {E::Cancel}, left) == S::Cancelling);
    CHECK(after(S::Cancelling, {E::Claim, E::FailForNow, E::Due, E::Undone}) == S::Cancelled);
}

TEST_CASE("an undo that failed for good waits for a user and is never silently done",
          "[durable_state]") {
    CHECK(after(S::Undoing, {E::UndoFailed}) == S::NeedsAttention);
    CHECK(after(S::Cancelling, {E::UndoFailed}) == S::NeedsAttention);
    for (const E event : all_events())
        for (const JobFacts &facts : all_facts()) {
            const auto to = next_state(S::NeedsAttention, event, facts);
            if (event != E::Cancel && event != E::Retry && to)
                CHECK(*to == S::NeedsAttention);
        }
    // What it ends as depends on how it began.
    CHECK(after(S::NeedsAttention, {E::Retry, E::Undone}) == S::Failed);
    CHECK(after(S::NeedsAttention, {E::Retry, E::Undone}, {.cancel_asked = true}) == S::Cancelled);
    CHECK(after(S::NeedsAttention, {E::Cancel}, {.undo_left = true}) == S::Cancelled);
}

TEST_CASE("cancel is accepted in every state, and twice", "[durable_state]") {
    for (const S state : all_states())
        for (const JobFacts &facts : all_facts()) {
            if (state == S::None)
                continue;
            const S once = after(state, {E::Cancel}, facts);
            CHECK(after(once, {E::Cancel}, facts) ==
                  (once == S::NeedsAttention ? S::Cancelled : once));
            if (is_end(state) || undoes(state))
                CHECK(once == state);
            else
                CHECK(once == (facts.undo_left && state != S::NeedsAttention ? S::Cancelling
                                                                             : S::Cancelled));
        }
}

TEST_CASE("a paused job is not run, keeps what comes, and goes on where it was",
          "[durable_state]") {
    for (const S state : {S::Scheduled, S::Ready, S::Running, S::Retrying, S::Waiting, S::Paused})
        CHECK(after(state, {E::Pause, E::Died, E::Pause}) == S::Paused);
    CHECK_FALSE(next_state(S::Paused, E::Claim, {}));
    CHECK_FALSE(next_state(S::Paused, E::Due, {}));
    CHECK(after(S::Paused, {E::Resume}) == S::Ready);
    CHECK(after(S::Paused, {E::Resume}, {.due_later = true}) == S::Scheduled);
}

TEST_CASE("three unclean ends put a job into quarantine", "[durable_state]") {
    const JobFacts last{.out_of_lives = true};
    // A row says what its job was before it ran.
    for (const S state : {S::Scheduled, S::Ready, S::Running, S::Retrying, S::Waiting}) {
        CHECK(after(state, {E::Died}) == S::Ready);
        CHECK(after(state, {E::Died}, last) == S::Quarantined);
    }
    for (const S state : {S::Undoing, S::Cancelling}) {
        CHECK(after(state, {E::Died}) == state);
        CHECK(after(state, {E::Died}, last) == S::NeedsAttention);
    }
    for (const S state :
         {S::Paused, S::NeedsAttention, S::Quarantined, S::Succeeded, S::Failed, S::Cancelled})
        CHECK(after(state, {E::Died}, last) == state);
    CHECK_FALSE(next_state(S::Quarantined, E::Claim, {}));
    CHECK(after(S::Quarantined, {E::Retry, E::Claim}) == S::Running);
}

TEST_CASE("only a running job suspends, succeeds, fails or restarts", "[durable_state]") {
    for (const S state : all_states())
        for (const JobFacts &facts : all_facts())
            for (const E event : {E::Suspend, E::Succeed, E::FailForGood, E::Restart})
                CHECK(next_state(state, event, facts).has_value() == (state == S::Running));
}

TEST_CASE("the only way out of an end is to retry what failed", "[durable_state]") {
    for (const S state : ends) {
        CHECK(finished(state));
        for (const E event : all_events())
            for (const JobFacts &facts : all_facts()) {
                const auto to = next_state(state, event, facts);
                if (to && *to != state) {
                    CHECK(state == S::Failed);
                    CHECK(event == E::Retry);
                }
            }
    }
    for (const S state : all_states())
        CHECK(finished(state) == (is_end(state)));
}

TEST_CASE("every state can be reached, and an end from each of them", "[durable_state]") {
    const auto reach = [](S from) {
        std::set<S> seen{from};
        std::vector<S> open{from};
        while (!open.empty()) {
            const S state = open.back();
            open.pop_back();
            for (const E event : all_events())
                for (const JobFacts &facts : all_facts())
                    if (const auto to = next_state(state, event, facts);
                        to && seen.insert(*to).second)
                        open.push_back(*to);
        }
        return seen;
    };
    CHECK(reach(S::None).size() == durable_state_count);
    for (const S state : all_states())
        CHECK((reach(state).contains(S::Cancelled) || state == S::Succeeded));
}

TEST_CASE("nothing leads to no job, and nobody is claimed but who is ready or undoes",
          "[durable_state]") {
    for (const S state : all_states())
        for (const JobFacts &facts : all_facts()) {
            for (const E event : all_events())
                CHECK(next_state(state, event, facts) != S::None);
            CHECK(next_state(state, E::Claim, facts).has_value() ==
                  (state == S::Ready || undoes(state)));
        }
}

TEST_CASE("users are told why their call does nothing", "[durable_state]") {
    struct Told {
        S state;
        E event;
        const char *code, *message, *detail, *hint;
    };
    const char *retry_hint =
        "Only a job that has failed, needs attention or is quarantined can be.";
    const std::vector<Told> all{
        {S::None, E::Cancel, "42704", "job does not exist", "", ""},
        {S::None, E::Pause, "42704", "job does not exist", "", ""},
        {S::Waiting, E::Start, "42710", "job already exists", "It is in state \"waiting\".", ""},
        {S::Succeeded, E::Pause, "55000", "job is already finished", "It has succeeded.", ""},
        {S::Failed, E::Pause, "55000", "job is already finished", "It has failed.", ""},
        {S::Cancelled, E::Resume, "55000", "job is already finished", "It was cancelled.", ""},
        {S::Undoing, E::Pause, "55000", "job cannot be paused", "Its steps are being undone.", ""},
        {S::Quarantined, E::Pause, "55000", "job cannot be paused",
         "It is in state \"quarantined\".", ""},
        {S::Ready, E::Resume, "55000", "job is not paused", "It is in state \"ready\".", ""},
        {S::NeedsAttention, E::Resume, "55000", "job is not paused",
         "It is in state \"needs_attention\".",
         "Use bgjob.retry() to go on, or bgjob.cancel() to give up."},
        {S::Succeeded, E::Retry, "55000", "job cannot be retried", "It has succeeded.", retry_hint},
        {S::Retrying, E::Retry, "55000", "job cannot be retried", "It is in state \"retrying\".",
         retry_hint},
        {S::Paused, E::Claim, "XX000",
         R"(event "claim" has no meaning for a job in state "paused")", "", ""},
    };
    for (const Told &told : all) {
        const Error e = refusal(told.state, told.event);
        CHECK(e.state().text() == told.code);
        CHECK(std::string(e.what()) == told.message);
        CHECK(e.detail() == told.detail);
        CHECK(e.hint() == told.hint);
    }
}

TEST_CASE("what a user can ask for is never an internal error", "[durable_state]") {
    for (const S state : all_states())
        for (const E event : {E::Start, E::Cancel, E::Pause, E::Resume, E::Retry})
            for (const JobFacts &facts : all_facts())
                if (!next_state(state, event, facts))
                    CHECK(refusal(state, event).state() != sqlstate::internal_error);
}

TEST_CASE("what is shown depends on time and lock", "[durable_state]") {
    for (const S state : {S::Scheduled, S::Retrying, S::Waiting}) {
        CHECK(shown_state(state, 100, 99, false) == state);
        CHECK(shown_state(state, 100, 99, true) == state);
        CHECK(shown_state(state, 100, 100, false) == S::Ready);
        CHECK(shown_state(state, 100, 100, true) == S::Running);
    }
    CHECK(shown_state(S::Ready, 0, 99, false) == S::Ready);
    CHECK(shown_state(S::Ready, 0, 99, true) == S::Running);
    for (const S state : {S::Paused, S::Undoing, S::Cancelling, S::Succeeded})
        CHECK(shown_state(state, 0, 99, true) == state);
}

TEST_CASE("a job driven by chance either ends or can be ended", "[durable_state]") {
    std::mt19937 random(20260721);
    const auto facts = all_facts();
    const auto events = all_events();
    for (int walk = 0; walk < 500; ++walk) {
        S state = S::None;
        for (int i = 0; i < 50; ++i) {
            const JobFacts &now = facts.at(random() % facts.size());
            state = next_state(state, events.at(random() % events.size()), now).value_or(state);
        }
        if (state == S::None)
            continue;
        state = after(state, {E::Cancel});
        if (undoes(state))
            state = after(state, {E::Undone});
        CHECK(finished(state));
    }
}

TEST_CASE("the table is printed whole", "[durable_state]") {
    const std::string table = transition_table();
    for (const char *line :
         {"| state | event | next state |\n| --- | --- | --- |\n",
          "| none | start | scheduled if its first run is in the future, else ready |\n",
          "| ready | claim | running |\n",
          "| waiting | cancel | cancelling if steps are left to undo, else cancelled |\n",
          "| running | died | quarantined if for the third time, else ready |\n",
          "| undoing | died | needs_attention if for the third time, else undoing |\n",
          "| needs_attention | retry | cancelling if it was to be cancelled, else undoing |\n",
          "| failed | retry | ready |\n", "| paused | pause, died |\n",
          "| succeeded | cancel, died |\n"}) {
        INFO(line);
        CHECK(table.find(line) != std::string::npos);
    }
    std::size_t changes = 0;
    for (const S state : all_states())
        for (const E event : all_events()) {
            bool changes_it = false;
            for (const JobFacts &facts : all_facts()) {
                const auto to = next_state(state, event, facts);
                changes_it = changes_it || (to && *to != state);
            }
            changes += changes_it ? 1 : 0;
        }
    std::size_t lines = 0;
    const std::string upper = table.substr(0, table.find("\n\n"));
    for (const char c : upper)
        lines += c == '\n' ? 1 : 0;
    CHECK(lines - 1 == changes); // a heading, a rule, and no newline at the end
}

TEST_CASE("the table in the design is this one", "[durable_state]") {
    const char *source = std::getenv("PGCREW_SOURCE"); // of the project; the build sets it
    REQUIRE(source != nullptr);
    std::ifstream file(std::string(source) + "/extensions/bgjob/README.md");
    const std::string readme(std::istreambuf_iterator<char>(file), {});
    CHECK(readme.find(transition_table()) != std::string::npos);
}
