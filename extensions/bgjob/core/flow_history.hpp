// The history of a workflow as its worker holds it in memory. The procedure runs from its beginning
// each time; what it did before it finds by kind, name and how often it has come by in this run.
// So steps may be added, removed and moved in the procedure while jobs are under way.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pgcrew::bgjob {

// The numbers stand in tables: none of them ever changes its meaning.
enum class EntryKind : std::uint8_t {
    Step = 1,
    Task = 2,
    Sleep = 3,
    Signal = 4,
    Spawn = 5,
    Join = 6,
    Map = 7,
    Undo = 8 // its occurrence is the seq of what it undoes
};

enum class EntryState : std::uint8_t { Done = 1, Failed = 2, Waiting = 3, Retrying = 4 };

const char *name(EntryKind kind) noexcept;
const char *name(EntryState state) noexcept;

struct HistoryEntry {
    std::int32_t seq = 0; // 0: not stored yet
    EntryKind kind = EntryKind::Step;
    EntryState state = EntryState::Waiting;
    std::int32_t occurrence = 1;
    std::int32_t attempt = 0;                   // failed ones so far
    std::int64_t began = 0, ended = 0, due = 0; // in the units of the caller; 0: none
    std::int64_t reference = 0;                 // of a task, or the first child
    std::string name{};
    std::optional<std::string> result{}; // JSON text; if it failed: its error
    std::optional<std::string> undo{}, undo_args{};
};

class FlowHistory {
  public:
    // In the order of their seq.
    void load(HistoryEntry entry);
    void rewind(); // the procedure begins anew
    void clear();

    struct Place {
        EntryKind kind;
        std::string name;
        std::int32_t occurrence;
    };
    // The procedure has come to something: where that is, and what is known of it, or null.
    Place come_to(EntryKind kind, std::string_view name);
    const HistoryEntry *find(const Place &place) const;

    std::int32_t next_seq() const noexcept { return last_seq_ + 1; }
    const std::deque<HistoryEntry> &entries() const noexcept { return entries_; }

    // A new entry, or the changed one with the same seq: after its transaction has committed.
    void store(HistoryEntry entry);

    // What has to be undone, the latest first: completed steps with an undo statement that has not
    // been run.
    std::vector<const HistoryEntry *> undo_left() const;

  private:
    struct Named {
        std::int32_t seen = 0; // in this run
        std::unordered_map<std::int32_t, std::size_t> by_occurrence;
    };
    static std::string key(EntryKind kind, std::string_view name);
    std::deque<HistoryEntry> entries_;
    std::unordered_map<std::string, Named> named_;
    std::unordered_map<std::int32_t, std::size_t> by_seq_;
    std::int32_t last_seq_ = 0;
};

} // namespace pgcrew::bgjob
