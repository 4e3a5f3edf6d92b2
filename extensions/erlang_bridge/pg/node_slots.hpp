// The nodes that are in use, as sessions find them in shared memory.
#pragma once
#include "core/link/node_name.hpp"
#include "pg/shared.hpp"

namespace pgcrew::erlang_bridge {

struct NodeSlot {
    int index = none;
    uint32 generation = 0;
};

// The slot of a node of this database; makes one, or a new one out of one that is not in use. An
// empty cookie leaves the one that is known. 53400 if all are in use.
NodeSlot require_node_slot(const NodeName &name, std::string_view sealed_cookie, bool automatic);

// Null if nobody has used the node. Lock held.
SharedNode *find_node_slot(Oid database, std::string_view name) noexcept;
inline bool still(const NodeSlot &slot) noexcept {
    return nodes()[slot.index].used && nodes()[slot.index].generation == slot.generation;
}

// Nodes of this database that are connected: of these, pids and the like may be sent.
bool node_is_known(std::string_view name);

} // namespace pgcrew::erlang_bridge
