// Connecting and disconnecting by hand, and asking how a node is.

#include "core/etf/reader.hpp"
#include "core/etf/writer.hpp"
#include "pg/call_node.hpp"
#include "pg/cookie_vault.hpp"
#include "pg/direct.hpp"
#include "pg/hidden_statement.hpp"
#include "pg/node_table.hpp"
#include "pg/outcome_error.hpp"
#include "pg/own_request.hpp"
#include "pg/permissions.hpp"
#include "pg/settings.hpp"
#include "pgcrew/args.hpp"
#include "pgcrew/token_bucket.hpp"

namespace pgcrew::erlang_bridge {
namespace {

void check_connect_rate() {
    if (settings::connect_rate <= 0)
        return;
    static TokenBucket bucket(settings::connect_rate, std::max(1.0, settings::connect_rate),
                              monotonic_now());
    static double rate = settings::connect_rate;
    if (rate != settings::connect_rate)
        bucket = TokenBucket(rate = settings::connect_rate, std::max(1.0, settings::connect_rate),
                             monotonic_now());
    if (!bucket.take(monotonic_now()))
        throw Error(sqlstate::configuration_limit_exceeded,
                    "too many connections to Erlang nodes were asked for by this session", {},
                    "See the setting \"erlang_bridge.connect_rate\".");
}

void connect(const Target &target) {
    check_connect_rate();
    const Time timeout = milliseconds(settings::connect_timeout);
    if (settings::mode == settings::ModeDirect) {
        connect_directly(target, timeout);
        return;
    }
    const NodeSlot slot = require_node_slot(target.name, target.sealed_cookie, target.automatic);
    if (!through_worker(slot)) {
        connect_directly(target, timeout);
        return;
    }
    OwnRequest request({.kind = RequestKind::Connect,
                        .node = slot,
                        .payload = {},
                        .timeout = after(timeout, milliseconds(500))});
    const Request &done = request.wait();
    if (done.cause != Cause::None)
        raise_cause(done.cause, target.name);
}

// Of the slot, if the node is connected; of an unregistered one its cookie is forgotten.
NodeSlot slot_to_disconnect(const NodeName &name, bool registered) {
    bridge();
    const Locked locked(LW_EXCLUSIVE);
    SharedNode *node = find_node_slot(MyDatabaseId, name.full());
    if (node == nullptr)
        return {};
    if (!registered)
        node->sealed_size = 0;
    node->automatic = false;
    if (node->connections == 0 && node->state == LinkState::Down)
        return {};
    return {static_cast<int>(node - nodes()), node->generation};
}

struct Atoms : TermVisitor {
    std::vector<std::string> texts;
    void atom(std::string_view text) override { texts.emplace_back(text); }
};

// Waits until it is done; false if there was none. Of a node that is not registered its cookie is
// forgotten.
bool disconnect(const NodeName &name, bool registered) {
    const bool directly = disconnect_directly(name);
    const NodeSlot slot = slot_to_disconnect(name, registered);
    if (slot.index == none)
        return directly;
    OwnRequest request(
        {.kind = RequestKind::Disconnect, .node = slot, .payload = {}, .timeout = seconds(10)});
    (void)request.wait();
    return true;
}

} // namespace
} // namespace pgcrew::erlang_bridge

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

PGCREW_FUNCTION(erlang_bridge_connect) {
    const HiddenStatement hidden; // the cookie may stand in it
    const Args args(fcinfo);
    require_connect();
    const std::string node = args.text(0, "node");
    if (args.count() == 1) {
        connect(require_target(node));
        return BoolGetDatum(true);
    }
    const NodeName name = require_node_name(node);
    const Cookie cookie = cookie_argument(args, 1);
    if (!find_node(node) && !node_allowed(name))
        throw Error(sqlstate::insufficient_privilege,
                    "Erlang node \"" + name.full() + "\" is not allowed", {},
                    "Register it with erlang_node_add(), or add it to "
                    "\"erlang_bridge.allowed_nodes\".");
    connect({name, seal(cookie, name.full())});
    return BoolGetDatum(true);
}

PGCREW_FUNCTION(erlang_bridge_disconnect) {
    const Args args(fcinfo);
    require_connect();
    const std::string node = args.text(0, "node");
    const NodeName name = require_node_name(node);
    const bool registered = find_node(node).has_value();
    if (registered)
        require_admin(); // others use the connection too
    return BoolGetDatum(disconnect(name, registered));
}

// One round trip, and how long it took.
PGCREW_FUNCTION(erlang_bridge_health) {
    const Args args(fcinfo);
    require_connect();
    const Target target = require_target(args.text(0, "node"));
    TermWriter none;
    none.nil();
    const Time begun = monotonic_now();
    call_node({target, {"erlang", "node", none.bytes()}, timeout_of({}), true},
              [&](const CallOutcome &outcome) {
                  if (outcome.cause != Cause::None)
                      throw error_of(outcome, target.name, "erlang:node");
              });
    return result(fcinfo, interval_of(monotonic_now() - begun));
}

PGCREW_FUNCTION(erlang_bridge_peers) {
    const Args args(fcinfo);
    require_connect();
    const Target target = require_target(args.text(0, "node"));
    TermWriter none;
    none.nil();
    SetResult rows(fcinfo);
    call_node({target, {"erlang", "nodes", none.bytes()}, timeout_of({}), true},
              [&](const CallOutcome &outcome) {
                  if (outcome.cause != Cause::None)
                      throw error_of(outcome, target.name, "erlang:nodes");
                  Atoms atoms;
                  (void)read_term(outcome.value, atoms, settings::limits());
                  for (const std::string &atom : atoms.texts)
                      rows.put({Value(atom)});
              });
    return rows.done();
}
