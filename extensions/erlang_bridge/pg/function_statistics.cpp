#include "pg/function_statistics.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <tuple>

namespace pgcrew::erlang_bridge {
namespace {

struct Outcome {
    int64 calls = 0, errors = 0, total_us = 0, max_us = 0;
    std::map<std::size_t, uint32> buckets; // few are hit between two publications
};
struct Key {
    int node;
    std::string function;
    bool operator<(const Key &other) const {
        return std::tie(node, function) < std::tie(other.node, other.function);
    }
};
std::map<Key, Outcome> &counted() {
    static auto *map = new std::map<Key, Outcome>; // never destroyed
    return *map;
}

std::string name_of(const Item &call) {
    // Of the list of arguments only its head is looked at.
    std::size_t arity = 0;
    if (call.arguments.size() >= 5 && static_cast<unsigned char>(call.arguments[0]) == 108)
        for (std::size_t i = 1; i <= 4; ++i)
            arity = arity << 8U | static_cast<unsigned char>(call.arguments[i]);
    std::string name(call.module);
    name.append(":").append(call.function);
    constexpr std::size_t longest = sizeof(FunctionStatistics::function) - 12;
    if (name.size() > longest) {
        std::size_t cut = longest;
        while ((static_cast<unsigned char>(name[cut]) & 0xC0U) == 0x80) // within a character
            --cut;
        name.resize(cut);
    }
    return name + "/" + std::to_string(arity);
}

// Lock held exclusively. Null when the table is full: then the function is not shown.
FunctionStatistics *require_entry(const Key &key) noexcept {
    Bridge &b = bridge();
    const uint32 generation = nodes()[key.node].generation;
    for (int i = 0; i < b.used_functions; ++i) {
        FunctionStatistics &entry = function_statistics()[i];
        if (entry.node == key.node && entry.node_generation == generation &&
            key.function == entry.function)
            return &entry;
    }
    if (b.used_functions == b.function_slots)
        return nullptr;
    FunctionStatistics &entry = function_statistics()[b.used_functions++];
    entry = FunctionStatistics{};
    entry.node = key.node;
    entry.node_generation = generation;
    std::memcpy(entry.function, key.function.data(), key.function.size());
    return &entry;
}

} // namespace

void count_function(int node, const Item &call, bool failed, Time took) {
    Outcome &outcome = counted()[{node, name_of(call)}];
    ++outcome.calls;
    outcome.errors += failed ? 1 : 0;
    outcome.total_us += took;
    outcome.max_us = std::max<int64>(outcome.max_us, took);
    ++outcome.buckets[Histogram::bucket_of(static_cast<std::uint64_t>(std::max<Time>(took, 0)))];
}

void publish_functions() {
    if (counted().empty())
        return;
    const Locked locked(LW_EXCLUSIVE);
    for (const auto &[key, outcome] : counted())
        if (FunctionStatistics *entry = require_entry(key)) {
            entry->calls += outcome.calls;
            entry->errors += outcome.errors;
            entry->total_us += outcome.total_us;
            entry->max_us = std::max(entry->max_us, outcome.max_us);
            for (const auto &[bucket, count] : outcome.buckets)
                entry->counts[bucket] += count;
        }
    counted().clear();
}

void reset_statistics() {
    const Locked locked(LW_EXCLUSIVE);
    bridge().used_functions = 0;
    for (int i = 0; i < bridge().node_slots; ++i)
        nodes()[i].counters = NodeCounters{};
}

} // namespace pgcrew::erlang_bridge
