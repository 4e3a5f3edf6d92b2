// What is sent and not answered: erlang_cast, erlang_send, erlang_gen_cast. It goes when the
// transaction commits, and not at all when it, or the subtransaction, is rolled back: each message
// lies ready in its slot from the beginning, so that nothing can fail after the commit.
#include "core/etf/writer.hpp"
#include "pg/call_node.hpp"
#include "pg/call_options.hpp"
#include "pg/permissions.hpp"
#include "pg/server_ref.hpp"
#include "pg/settings.hpp"
#include "pg/terms.hpp"
#include "pgcrew/args.hpp"

#include <vector>

extern "C" {
#include <access/xact.h>
#include <storage/ipc.h>
}

namespace pgcrew::erlang_bridge {
namespace {

struct Prepared {
    Request *request;
    int level; // of the transaction it belongs to
};

std::vector<Prepared> &prepared() {
    static auto *messages = new std::vector<Prepared>; // never destroyed
    return *messages;
}

// Those of the level and of deeper ones.
void drop(int level) noexcept {
    while (!prepared().empty() && prepared().back().level >= level) {
        give_up(*prepared().back().request);
        prepared().pop_back();
    }
}

void at_end(XactEvent event, void *) {
    switch (event) {
    case XACT_EVENT_COMMIT:
        for (const Prepared &message : prepared())
            send_prepared(*message.request);
        prepared().clear();
        break;
    case XACT_EVENT_ABORT:
        drop(0);
        break;
    case XACT_EVENT_PRE_PREPARE:
        if (!prepared().empty())
            throw Error(sqlstate::feature_not_supported,
                        "cannot PREPARE a transaction that has sent messages to Erlang nodes", {},
                        "Send them with immediate => true, or commit the transaction.");
        break;
    default:
        break;
    }
}

void at_subtransaction_end(SubXactEvent event, SubTransactionId, SubTransactionId, void *) {
    const int level = GetCurrentTransactionNestLevel();
    if (event == SUBXACT_EVENT_ABORT_SUB)
        drop(level);
    else if (event == SUBXACT_EVENT_COMMIT_SUB)
        for (Prepared &message : prepared())
            message.level = std::min(message.level, level - 1);
}

void leave(int, Datum) { drop(0); }

void watch_transactions() {
    static bool watching = false;
    if (watching)
        return;
    call([] {
        RegisterXactCallback(callback<&at_end>, nullptr);
        RegisterSubXactCallback(callback<&at_subtransaction_end>, nullptr);
        before_shmem_exit(callback<&leave>, 0);
    });
    watching = true;
}

void send(RequestKind kind, const Target &target, const Item &item, bool immediate) {
    const NodeSlot slot = require_worker_for(target, "a message to an Erlang node");
    std::string payload;
    pack(payload, item);
    watch_transactions();
    if (!immediate)
        prepared().reserve(prepared().size() + 1);
    Request &request = submit({.kind = kind,
                               .node = slot,
                               .payload = payload,
                               .timeout = milliseconds(settings::call_timeout),
                               .prepared = true});
    if (immediate)
        send_prepared(request);
    else
        prepared().push_back({&request, call([] { return GetCurrentTransactionNestLevel(); })});
}

std::string encoded(const ::Jsonb *message) {
    ConversionOptions options;
    options.knows_node = node_is_known;
    return encode_term(message, options, settings::limits());
}

void send_to(const Target &target, const ServerRef &server, std::string_view message,
             bool immediate) {
    switch (server.kind) {
    case ServerRef::Kind::Name:
        send(RequestKind::Send, target, {{}, server.name, message}, immediate);
        return;
    case ServerRef::Kind::Pid:
        send(RequestKind::SendPid, target, {{}, server.name, message}, immediate);
        return;
    case ServerRef::Kind::Global:
    case ServerRef::Kind::Via:
        break;
    }
    TermWriter arguments(
        {.depth = settings::limits().depth + 1, .bytes = settings::limits().bytes + 4096});
    arguments.list(2);
    arguments.atom(server.name);
    arguments.raw(message);
    arguments.nil();
    send(RequestKind::Cast, target, {server.module, "send", arguments.bytes()}, immediate);
}

} // namespace
} // namespace pgcrew::erlang_bridge

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

PGCREW_FUNCTION(erlang_bridge_cast) {
    const Args args(fcinfo);
    const std::string module = args.text(1, "module"), function = args.text(2, "function");
    require_atom(module, "module");
    require_atom(function, "function");
    const std::string arguments = encode_argument_list(
        require_jsonb(fcinfo, 3, "args"), {.knows_node = node_is_known}, settings::limits());
    const Target target = require_target(args.text(0, "node"));
    require_call(target.name, module, function, arguments);
    send(RequestKind::Cast, target, {module, function, arguments}, args.boolean(4, "immediate"));
    return 0;
}

PGCREW_FUNCTION(erlang_bridge_send) {
    const Args args(fcinfo);
    const ServerRef server = parse_server(args.text(1, "name"));
    const std::string message = encoded(require_jsonb(fcinfo, 2, "message"));
    const Target target = require_target(args.text(0, "node"));
    require_message(target.name, server.permission(), message);
    send_to(target, server, message, args.boolean(3, "immediate"));
    return 0;
}

PGCREW_FUNCTION(erlang_bridge_gen_cast) {
    const Args args(fcinfo);
    const ServerRef server = parse_server(args.text(1, "server"));
    const std::string request = encoded(require_jsonb(fcinfo, 2, "request"));
    const Target target = require_target(args.text(0, "node"));
    require_message(target.name, server.permission(), request);
    TermWriter message(
        {.depth = settings::limits().depth + 1, .bytes = settings::limits().bytes + 4096});
    message.tuple(2);
    message.atom("$gen_cast");
    message.raw(request);
    send_to(target, server, message.bytes(), args.boolean(3, "immediate"));
    return 0;
}
