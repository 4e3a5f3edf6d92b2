#include "core/flow_history.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace pgcrew::bgjob {

const char *name(EntryKind kind) noexcept {
    switch (kind) {
    case EntryKind::Step:
        return "step";
    case EntryKind::Task:
        return "task";
    case EntryKind::Sleep:
        return "sleep";
    case EntryKind::Signal:
        return "signal";
    case EntryKind::Spawn:
        return "spawn";
    case EntryKind::Join:
        return "join";
    case EntryKind::Map:
        return "map";
    case EntryKind::Undo:
        return "undo";
    }
    return "unknown";
}

const char *name(EntryState state) noexcept {
    switch (state) {
    case EntryState::Done:
        return "done";
    case EntryState::Failed:
        return "failed";
    case EntryState::Waiting:
        return "waiting";
    case EntryState::Retrying:
        return "retrying";
    }
    return "unknown";
}

std::string FlowHistory::key(EntryKind kind, std::string_view name) {
    std::string k(1, static_cast<char>(kind));
    k += name;
    return k;
}

void FlowHistory::load(HistoryEntry entry) { store(std::move(entry)); }

void FlowHistory::rewind() {
    for (auto &[k, named] : named_)
        named.seen = 0;
}

void FlowHistory::clear() { *this = FlowHistory(); }

FlowHistory::Place FlowHistory::come_to(EntryKind kind, std::string_view name) {
    return {kind, std::string(name), ++named_[key(kind, name)].seen};
}

const HistoryEntry *FlowHistory::find(const Place &place) const {
    const auto named = named_.find(key(place.kind, place.name));
    if (named == named_.end())
        return nullptr;
    const auto at = named->second.by_occurrence.find(place.occurrence);
    return at == named->second.by_occurrence.end() ? nullptr : &entries_[at->second];
}

void FlowHistory::store(HistoryEntry entry) {
    const auto known = by_seq_.find(entry.seq);
    if (known != by_seq_.end()) {
        entries_[known->second] = std::move(entry);
        return;
    }
    last_seq_ = std::max(last_seq_, entry.seq);
    const std::size_t at = entries_.size();
    by_seq_.emplace(entry.seq, at);
    named_[key(entry.kind, entry.name)].by_occurrence.emplace(entry.occurrence, at);
    entries_.push_back(std::move(entry));
}

std::vector<const HistoryEntry *> FlowHistory::undo_left() const {
    std::unordered_set<std::int32_t> undone;
    for (const HistoryEntry &entry : entries_)
        if (entry.kind == EntryKind::Undo && entry.state == EntryState::Done)
            undone.insert(entry.occurrence);
    std::vector<const HistoryEntry *> left;
    std::for_each(entries_.rbegin(), entries_.rend(), [&](const HistoryEntry &entry) {
        if (entry.undo && entry.state == EntryState::Done && !undone.contains(entry.seq))
            left.push_back(&entry);
    });
    return left;
}

} // namespace pgcrew::bgjob
