#include "pg/node_slots.hpp"

#include <cstring>

namespace pgcrew::erlang_bridge {
namespace {

bool in_use(const SharedNode &node) noexcept {
    return node.automatic || node.requests > 0 || node.state != LinkState::Down;
}

// Lock held exclusively.
SharedNode *free_slot() noexcept {
    SharedNode *unused = nullptr;
    for (int i = 0; i < bridge().node_slots; ++i) {
        SharedNode &node = nodes()[i];
        if (!node.used)
            return &node;
        if (unused == nullptr && !in_use(node))
            unused = &node;
    }
    return unused;
}

void fill(SharedNode &node, Oid database, const NodeName &name) noexcept {
    const uint32 generation = node.generation + 1;
    node = SharedNode{};
    node.used = true;
    node.generation = generation;
    node.database = database;
    std::memcpy(node.name, name.full().data(), name.full().size());
}

} // namespace

SharedNode *find_node_slot(Oid database, std::string_view name) noexcept {
    for (int i = 0; i < bridge().node_slots; ++i) {
        SharedNode &node = nodes()[i];
        if (node.used && node.database == database && name == node.name)
            return &node;
    }
    return nullptr;
}

NodeSlot require_node_slot(const NodeName &name, std::string_view sealed_cookie, bool automatic) {
    const Locked locked(LW_EXCLUSIVE);
    SharedNode *node = find_node_slot(MyDatabaseId, name.full());
    if (node == nullptr) {
        node = free_slot();
        if (node == nullptr)
            throw Error(sqlstate::configuration_limit_exceeded, "too many Erlang nodes are in use",
                        "There are " + std::to_string(bridge().node_slots) + ".",
                        "Disconnect nodes, or raise \"erlang_bridge.max_nodes\".");
        fill(*node, MyDatabaseId, name);
    }
    if (!sealed_cookie.empty() && sealed_cookie.size() <= sizeof node->sealed) {
        std::memcpy(node->sealed, sealed_cookie.data(), sealed_cookie.size());
        node->sealed_size = static_cast<uint16>(sealed_cookie.size());
        node->automatic = automatic;
    }
    return {static_cast<int>(node - nodes()), node->generation};
}

bool node_is_known(std::string_view name) {
    const Locked locked(LW_SHARED);
    const SharedNode *node = find_node_slot(MyDatabaseId, name);
    return node != nullptr && node->connections > 0;
}

} // namespace pgcrew::erlang_bridge
