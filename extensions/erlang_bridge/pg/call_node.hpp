// One request to a node from a session, through the bridge worker or directly.
#pragma once
#include "core/link/cause.hpp"
#include "core/link/node_name.hpp"
#include "pg/requests.hpp"

#include <functional>

namespace pgcrew::erlang_bridge {

// A node as SQL names it: registered, or connected by hand.
struct Target {
    NodeName name;
    std::string sealed_cookie; // empty: as the bridge knows it
    bool automatic = false;
};
// 22023 for what is no name, 08001 for a node that is neither registered nor connected.
Target require_target(std::string_view node);

// Whether requests to the node go through a worker: by erlang_bridge.mode, and where there can be
// none. 55000 if the mode asks for one.
bool through_worker(const NodeSlot &slot);
// For what only a worker can do: 55000 in direct mode, saying what.
NodeSlot require_worker_for(const Target &target, const char *what);

struct CallOutcome {
    Cause cause = Cause::None;
    std::string_view value{}, stack{}; // raw terms
};

struct NodeCall {
    const Target &target;
    Item item;
    Time timeout;
    bool idempotent = false;
};
// Waits, and gives the outcome to `then`, whose views end with it.
void call_node(const NodeCall &call, const std::function<void(const CallOutcome &)> &then);

// The timeout of a call: what was asked for, or the setting; 22023 if it is not above 0.
Time timeout_of(std::optional<std::int64_t> asked_ms);

} // namespace pgcrew::erlang_bridge
