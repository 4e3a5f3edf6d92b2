#include "catch.hpp"
#include "core/flow_history.hpp"

using namespace pgcrew::bgjob;

namespace {

HistoryEntry entry(std::int32_t seq, EntryKind kind, const char *name, std::int32_t occurrence = 1,
                   EntryState state = EntryState::Done) {
    HistoryEntry e;
    e.seq = seq;
    e.kind = kind;
    e.state = state;
    e.occurrence = occurrence;
    e.name = name;
    return e;
}

HistoryEntry undoable(std::int32_t seq, const char *name, EntryState state = EntryState::Done) {
    HistoryEntry e = entry(seq, EntryKind::Step, name, 1, state);
    e.undo = "undo";
    return e;
}

// The seq of what the procedure comes to next; 0 if that is new.
std::int32_t next(FlowHistory &history, const char *name, EntryKind kind = EntryKind::Step) {
    const HistoryEntry *found = history.find(history.come_to(kind, name));
    return found == nullptr ? 0 : found->seq;
}

std::vector<std::int32_t> seqs_left(const FlowHistory &history) {
    std::vector<std::int32_t> seqs;
    for (const HistoryEntry *e : history.undo_left())
        seqs.push_back(e->seq);
    return seqs;
}

} // namespace

TEST_CASE("an empty history knows nothing and counts from 1", "[flow_history]") {
    FlowHistory history;
    CHECK(history.next_seq() == 1);
    CHECK(next(history, "a") == 0);
    CHECK(history.entries().empty());
    CHECK(history.undo_left().empty());
}

TEST_CASE("what is known is found by name and occurrence", "[flow_history]") {
    FlowHistory history;
    history.load(entry(1, EntryKind::Step, "a", 1));
    history.load(entry(2, EntryKind::Step, "a", 2));
    history.load(entry(3, EntryKind::Step, "b", 1));
    CHECK(next(history, "a") == 1);
    CHECK(next(history, "a") == 2);
    CHECK(next(history, "a") == 0);
    CHECK(next(history, "b") == 3);
    CHECK(history.next_seq() == 4);
}

TEST_CASE("each run counts its occurrences from 1", "[flow_history]") {
    FlowHistory history;
    history.load(entry(1, EntryKind::Step, "a"));
    for (int run = 0; run < 3; ++run) {
        CHECK(next(history, "a") == 1);
        CHECK(next(history, "a") == 0);
        history.rewind();
    }
}

TEST_CASE("a place tells its occurrence before anything is stored there", "[flow_history]") {
    FlowHistory history;
    CHECK(history.come_to(EntryKind::Step, "a").occurrence == 1);
    const FlowHistory::Place second = history.come_to(EntryKind::Step, "a");
    CHECK(second.occurrence == 2);
    CHECK(second.kind == EntryKind::Step);
    CHECK(second.name == "a");
}

TEST_CASE("looking at a place does not come to it", "[flow_history]") {
    FlowHistory history;
    history.load(entry(1, EntryKind::Step, "a"));
    CHECK(history.find({EntryKind::Step, "a", 1}) != nullptr);
    CHECK(history.find({EntryKind::Step, "a", 2}) == nullptr);
    CHECK(next(history, "a") == 1);
}

TEST_CASE("kinds have names of their own", "[flow_history]") {
    FlowHistory history;
    history.load(entry(1, EntryKind::Step, "x"));
    history.load(entry(2, EntryKind::Sleep, "x"));
    history.load(entry(3, EntryKind::Signal, "x"));
    CHECK(next(history, "x", EntryKind::Signal) == 3);
    CHECK(next(history, "x", EntryKind::Sleep) == 2);
    CHECK(next(history, "x", EntryKind::Step) == 1);
    CHECK(next(history, "x", EntryKind::Task) == 0);
}

TEST_CASE("the order of the procedure does not matter", "[flow_history]") {
    FlowHistory history;
    history.load(entry(1, EntryKind::Step, "a"));
    history.load(entry(2, EntryKind::Step, "b"));
    CHECK(next(history, "new") == 0);
    CHECK(next(history, "b") == 2);
    CHECK(next(history, "a") == 1);
}

TEST_CASE("names may be any bytes", "[flow_history]") {
    FlowHistory history;
    const std::string zero("a\0b", 3);
    HistoryEntry e = entry(1, EntryKind::Step, "");
    e.name = zero;
    history.load(e);
    CHECK(history.find(history.come_to(EntryKind::Step, zero)) != nullptr);
    CHECK(next(history, "a") == 0);
    CHECK(next(history, "") == 0);
}

TEST_CASE("what is stored is found in the next run, changes in place", "[flow_history]") {
    FlowHistory history;
    HistoryEntry e = entry(history.next_seq(), EntryKind::Step, "a", 1, EntryState::Retrying);
    e.attempt = 1;
    history.store(e);
    CHECK(history.next_seq() == 2);
    e.state = EntryState::Done;
    e.result = "[1]";
    history.store(e);
    CHECK(history.next_seq() == 2);
    REQUIRE(history.entries().size() == 1);
    const HistoryEntry *found = history.find(history.come_to(EntryKind::Step, "a"));
    REQUIRE(found != nullptr);
    CHECK(found->state == EntryState::Done);
    CHECK(found->result == "[1]");
}

TEST_CASE("pointers to entries stay valid while others are added", "[flow_history]") {
    FlowHistory history;
    history.store(entry(1, EntryKind::Step, "first"));
    const HistoryEntry *first = history.find({EntryKind::Step, "first", 1});
    for (std::int32_t seq = 2; seq < 2000; ++seq)
        history.store(entry(seq, EntryKind::Step, "many", seq - 1));
    CHECK(first == history.find({EntryKind::Step, "first", 1}));
    CHECK(first->name == "first");
    CHECK(history.find({EntryKind::Step, "many", 1998})->seq == 1999);
}

TEST_CASE("a gap in the seqs does not give one out twice", "[flow_history]") {
    FlowHistory history;
    history.load(entry(1, EntryKind::Step, "a"));
    history.load(entry(7, EntryKind::Step, "b"));
    CHECK(history.next_seq() == 8);
}

TEST_CASE("a cleared history is an empty one", "[flow_history]") {
    FlowHistory history;
    history.load(undoable(1, "a"));
    (void)history.come_to(EntryKind::Step, "a");
    history.clear();
    CHECK(history.next_seq() == 1);
    CHECK(history.entries().empty());
    CHECK(history.undo_left().empty());
    CHECK(history.come_to(EntryKind::Step, "a").occurrence == 1);
}

TEST_CASE("completed steps are undone in reverse", "[flow_history]") {
    FlowHistory history;
    history.load(undoable(1, "a"));
    history.load(entry(2, EntryKind::Step, "no undo"));
    history.load(entry(3, EntryKind::Sleep, "sleep"));
    history.load(undoable(4, "b"));
    history.load(undoable(5, "failed", EntryState::Failed));
    history.load(undoable(6, "tried again", EntryState::Retrying));
    CHECK(seqs_left(history) == std::vector<std::int32_t>{4, 1});
}

TEST_CASE("what has been undone is not undone again", "[flow_history]") {
    FlowHistory history;
    history.load(undoable(1, "a"));
    history.load(undoable(2, "a"));
    history.store(entry(3, EntryKind::Undo, "a", 2));
    CHECK(seqs_left(history) == std::vector<std::int32_t>{1});
    history.store(entry(4, EntryKind::Undo, "a", 1, EntryState::Retrying));
    CHECK(seqs_left(history) == std::vector<std::int32_t>{1});
    history.store(entry(4, EntryKind::Undo, "a", 1, EntryState::Failed));
    CHECK(seqs_left(history) == std::vector<std::int32_t>{1});
    history.store(entry(4, EntryKind::Undo, "a", 1));
    CHECK(seqs_left(history).empty());
}

TEST_CASE("the numbers of kinds and states are those in tables", "[flow_history]") {
    const std::pair<EntryKind, const char *> kinds[] = {
        {EntryKind::Step, "step"},     {EntryKind::Task, "task"},   {EntryKind::Sleep, "sleep"},
        {EntryKind::Signal, "signal"}, {EntryKind::Spawn, "spawn"}, {EntryKind::Join, "join"},
        {EntryKind::Map, "map"},       {EntryKind::Undo, "undo"}};
    int number = 0;
    for (const auto &[kind, text] : kinds) {
        CHECK(static_cast<int>(kind) == ++number);
        CHECK(name(kind) == std::string(text));
    }
    const std::pair<EntryState, const char *> states[] = {{EntryState::Done, "done"},
                                                          {EntryState::Failed, "failed"},
                                                          {EntryState::Waiting, "waiting"},
                                                          {EntryState::Retrying, "retrying"}};
    number = 0;
    for (const auto &[state, text] : states) {
        CHECK(static_cast<int>(state) == ++number);
        CHECK(name(state) == std::string(text));
    }
    CHECK(name(static_cast<EntryKind>(99)) == std::string("unknown"));
    CHECK(name(static_cast<EntryState>(99)) == std::string("unknown"));
}
