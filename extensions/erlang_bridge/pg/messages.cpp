// What is sent and not answered: erlang_cast, erlang_send, erlang_gen_cast.
#include "core/etf/writer.hpp"
#include "pg/at_commit.hpp"
#include "pg/call_options.hpp"
#include "pg/permissions.hpp"
#include "pg/server_ref.hpp"
#include "pg/settings.hpp"
#include "pg/terms.hpp"
#include "pgcrew/args.hpp"

namespace pgcrew::erlang_bridge {
namespace {

constexpr const char *what = "a message to an Erlang node";

void send(RequestKind kind, const Target &target, const Item &item, bool immediate) {
    (immediate ? send_now : send_at_commit)(kind, target, item, what);
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
