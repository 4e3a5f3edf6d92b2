// erlang_call and erlang_gen_call: one request, one answer.
#include "core/etf/writer.hpp"
#include "pg/call_node.hpp"
#include "pg/call_options.hpp"
#include "pg/outcome_error.hpp"
#include "pg/permissions.hpp"
#include "pg/server_ref.hpp"
#include "pg/settings.hpp"
#include "pg/terms.hpp"
#include "pgcrew/args.hpp"

namespace pgcrew::erlang_bridge {
namespace {

Datum answer(FunctionCallInfo fcinfo, const NodeCall &wanted, const CallOptions &options) {
    Datum result = 0;
    call_node(wanted, [&](const CallOutcome &outcome) {
        if (outcome.cause == Cause::None) {
            result = decode_term(outcome.value, options.conversion, settings::limits());
            return;
        }
        switch (options.on_error) {
        case CallOptions::OnError::Raise:
            throw error_of(outcome, wanted.target.name,
                           std::string(wanted.item.module) + ":" +
                               std::string(wanted.item.function));
        case CallOptions::OnError::Null:
            fcinfo->isnull = true;
            break;
        case CallOptions::OnError::Default:
            result = JsonbPGetDatum(options.default_value);
            break;
        }
    });
    return result;
}

CallOptions call_options(FunctionCallInfo fcinfo, int i) {
    CallOptions options = parse_call_options(jsonb_argument(fcinfo, i));
    options.conversion.knows_node = node_is_known;
    return options;
}

} // namespace
} // namespace pgcrew::erlang_bridge

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

PGCREW_FUNCTION(erlang_bridge_call) {
    const Args args(fcinfo);
    const std::string module = args.text(1, "module"), function = args.text(2, "function");
    require_atom(module, "module");
    require_atom(function, "function");
    const CallOptions options = call_options(fcinfo, 5);
    const Time timeout = timeout_of(args.opt_interval_ms(4));
    const std::string arguments = encode_argument_list(require_jsonb(fcinfo, 3, "args"),
                                                       options.conversion, settings::limits());
    const Target target = require_target(args.text(0, "node"));
    require_call(target.name, module, function, arguments);
    return answer(fcinfo, {target, {module, function, arguments}, timeout, options.idempotent},
                  options);
}

// By gen_server:call/3, so that a server that is not there, or dies, is told at once.
PGCREW_FUNCTION(erlang_bridge_gen_call) {
    const Args args(fcinfo);
    const ServerRef server = parse_server(args.text(1, "server"));
    const CallOptions options = call_options(fcinfo, 4);
    const Time timeout = timeout_of(args.opt_interval_ms(3));
    const std::string request =
        encode_term(require_jsonb(fcinfo, 2, "request"), options.conversion, settings::limits());
    const Target target = require_target(args.text(0, "node"));
    require_message(target.name, server.permission(), request);
    TermWriter arguments(
        {.depth = settings::limits().depth + 1, .bytes = settings::limits().bytes + 4096});
    arguments.list(3);
    arguments.raw(server.term());
    arguments.raw(request);
    arguments.atom("infinity"); // the time is kept by us
    arguments.nil();
    return answer(fcinfo,
                  {target, {"gen_server", "call", arguments.bytes()}, timeout, options.idempotent},
                  options);
}
