// The nodes that this database knows: the table erlang_bridge.node, and which others may be
// reached.
#pragma once
#include "core/link/node_name.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgcrew::erlang_bridge {

struct NodeRow {
    NodeName name;
    std::string sealed; // its cookie: unseal(sealed, name.full())
    bool automatic;
};

// 22023 with the grammar of names as detail.
NodeName require_node_name(std::string_view text);

// These need a transaction and read the latest state, whatever its isolation. Names that are no
// names are not found.
std::optional<NodeRow> find_node(std::string_view name); // kept until the table changes
std::vector<NodeRow> automatic_nodes();

// Whether a node that is not in the table may be reached: erlang_bridge.allowed_nodes.
bool node_allowed(const NodeName &name);

} // namespace pgcrew::erlang_bridge
