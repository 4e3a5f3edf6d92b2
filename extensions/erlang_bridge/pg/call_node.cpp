#include "pg/call_node.hpp"

#include "pg/bridge_start.hpp"
#include "pg/direct.hpp"
#include "pg/node_table.hpp"
#include "pg/own_request.hpp"
#include "pg/settings.hpp"

#include <algorithm>

namespace pgcrew::erlang_bridge {
namespace {

[[noreturn]] void no_worker(const char *what) {
    throw Error(sqlstate::object_not_in_prerequisite_state,
                std::string(what) + " is not possible without the bridge worker", {},
                settings::mode == settings::ModeDirect
                    ? R"(Set "erlang_bridge.mode" to "auto".)"
                    : "Raise \"max_worker_processes\", or add erlang_bridge to "
                      "\"shared_preload_libraries\".");
}

} // namespace

Target require_target(std::string_view node) {
    if (std::optional<NodeRow> row = find_node(node))
        return {std::move(row->name), std::move(row->sealed), row->automatic};
    Target target{require_node_name(node), {}};
    bool known = connected_directly(target.name);
    if (!known) {
        bridge();
        const Locked locked(LW_SHARED);
        const SharedNode *slot = find_node_slot(MyDatabaseId, target.name.full());
        known = slot != nullptr && slot->sealed_size > 0;
    }
    if (!known)
        throw Error(SqlState("08001"), "unknown Erlang node \"" + target.name.full() + "\"", {},
                    "Register it with erlang_node_add().");
    return target;
}

bool through_worker(const NodeSlot &slot) {
    if (settings::mode == settings::ModeDirect)
        return false;
    if (ensure_worker(seat_of(slot.index)))
        return true;
    if (settings::mode == settings::ModeWorker)
        no_worker("a request to an Erlang node");
    return false;
}

NodeSlot require_worker_for(const Target &target, const char *what) {
    if (settings::mode == settings::ModeDirect)
        no_worker(what);
    const NodeSlot slot = require_node_slot(target.name, target.sealed_cookie, target.automatic);
    if (!through_worker(slot))
        no_worker(what);
    return slot;
}

void call_node(const NodeCall &wanted, const std::function<void(const CallOutcome &)> &then) {
    if (settings::mode == settings::ModeDirect) {
        call_directly(wanted, then);
        return;
    }
    const NodeSlot slot =
        require_node_slot(wanted.target.name, wanted.target.sealed_cookie, wanted.target.automatic);
    if (!through_worker(slot)) {
        call_directly(wanted, then);
        return;
    }
    std::string payload;
    pack(payload, wanted.item);
    OwnRequest request({.kind = RequestKind::Call,
                        .node = slot,
                        .payload = payload,
                        .timeout = wanted.timeout,
                        .idempotent = wanted.idempotent});
    const Request &done = request.wait();
    const std::string_view reply = stored(done.reply, done.reply_size);
    then({done.cause, reply.substr(0, done.value_size), reply.substr(done.value_size)});
}

Time timeout_of(std::optional<std::int64_t> asked_ms) {
    if (asked_ms && *asked_ms <= 0)
        throw Error(sqlstate::invalid_parameter_value, "timeout must be greater than zero");
    const std::int64_t ms = asked_ms.value_or(settings::call_timeout);
    return milliseconds(std::min<std::int64_t>(ms, settings::max_timeout));
}

} // namespace pgcrew::erlang_bridge
