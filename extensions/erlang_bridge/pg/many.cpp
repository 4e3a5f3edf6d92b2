// erlang_call_many: calls that are sent together and answered together, errors row by row.
#include "pg/call_node.hpp"
#include "pg/call_options.hpp"
#include "pg/direct.hpp"
#include "pg/outcome_error.hpp"
#include "pg/own_request.hpp"
#include "pg/permissions.hpp"
#include "pg/server_ref.hpp"
#include "pg/settings.hpp"
#include "pg/terms.hpp"
#include "pgcrew/args.hpp"

#include <cstring>

extern "C" {
#include <catalog/pg_type.h>
#include <utils/jsonb.h>
}

namespace pgcrew::erlang_bridge {
namespace {

constexpr std::size_t most_calls = 100'000;

[[noreturn]] void bad_call(std::size_t n) {
    throw Error(sqlstate::invalid_parameter_value, "invalid call in the list of calls",
                "Call " + std::to_string(n + 1) +
                    " is not an array of a module, a function and an "
                    "array of arguments.");
}

// One element of the list, as the server keeps it: all of it lives in the statement's memory.
struct ListedCall {
    bool well_formed;
    const char *module, *function;
    int module_size, function_size;
    ::Jsonb *arguments;
};

// Plain C.
ListedCall read_call(JsonbContainer *list, uint32 n) {
    ListedCall listed{};
    JsonbValue *element = getIthJsonbValueFromContainer(list, n);
    if (element->type != jbvBinary || !JsonContainerIsArray(element->val.binary.data) ||
        JsonContainerSize(element->val.binary.data) != 3)
        return listed;
    JsonbContainer *call = element->val.binary.data;
    const JsonbValue *module = getIthJsonbValueFromContainer(call, 0);
    const JsonbValue *function = getIthJsonbValueFromContainer(call, 1);
    JsonbValue *arguments = getIthJsonbValueFromContainer(call, 2);
    if (module->type != jbvString || function->type != jbvString || arguments->type != jbvBinary)
        return listed;
    listed.module = module->val.string.val;
    listed.module_size = module->val.string.len;
    listed.function = function->val.string.val;
    listed.function_size = function->val.string.len;
    listed.arguments = JsonbValueToJsonb(arguments);
    listed.well_formed = true;
    return listed;
}

struct Batch {
    std::string payload;
    std::vector<std::string> names; // module:function of each
};

Batch pack_calls(const ::Jsonb *calls, const Target &target, const ConversionOptions &options) {
    Batch batch;
    auto *list = const_cast<JsonbContainer *>(&calls->root);
    if (!JsonContainerIsArray(list) || JsonContainerIsScalar(list))
        throw Error(sqlstate::invalid_parameter_value, "calls must be a JSON array");
    const std::size_t count = JsonContainerSize(list);
    if (count > most_calls)
        throw Error(sqlstate::program_limit_exceeded, "too many calls in the list of calls",
                    "There are " + std::to_string(count) + ", the limit is " +
                        std::to_string(most_calls) + ".");
    for (std::size_t n = 0; n < count; ++n) {
        check_for_interrupts();
        const ListedCall listed = call([&] { return read_call(list, static_cast<uint32>(n)); });
        if (!listed.well_formed)
            bad_call(n);
        const std::string_view module(listed.module, static_cast<std::size_t>(listed.module_size));
        const std::string_view function(listed.function,
                                        static_cast<std::size_t>(listed.function_size));
        require_atom(module, "module");
        require_atom(function, "function");
        const std::string arguments =
            encode_argument_list(listed.arguments, options, settings::limits());
        require_call(target.name, module, function, arguments);
        pack(batch.payload, {module, function, arguments});
        batch.names.push_back(std::string(module) + ":" + std::string(function));
        if (batch.payload.size() > settings::limits().bytes)
            throw Error(sqlstate::program_limit_exceeded, "list of calls is too big",
                        "It has more than " + std::to_string(settings::limits().bytes) + " bytes.",
                        "Divide it, or raise \"erlang_bridge.max_term_size\".");
    }
    return batch;
}

class Rows {
  public:
    Rows(FunctionCallInfo fcinfo, const Target &target, const Batch &batch,
         const CallOptions &options)
        : rows_(fcinfo), target_(target), batch_(batch), options_(options) {}

    void put(int32 n, const CallOutcome &outcome) {
        if (outcome.cause == Cause::None) {
            const Datum value = decode_term(outcome.value, options_.conversion, settings::limits());
            rows_.put({Value(n + 1), Value::datum(value, JSONBOID), Value::null(TEXTOID),
                       Value::null(TEXTOID), Value::null(TEXTOID)});
            call([&] { pfree(DatumGetPointer(value)); });
            return;
        }
        const Error error = error_of(outcome, target_.name, batch_.names[static_cast<size_t>(n)]);
        rows_.put({Value(n + 1), instead(), Value(error.state().text()), Value(error.what()),
                   Value(error.detail())});
    }
    Datum done() const noexcept { return rows_.done(); }

  private:
    Value instead() const {
        return options_.on_error == CallOptions::OnError::Default
                   ? Value::datum(JsonbPGetDatum(options_.default_value), JSONBOID)
                   : Value::null(JSONBOID);
    }
    SetResult rows_;
    const Target &target_;
    const Batch &batch_;
    const CallOptions &options_;
};

// They came in the order in which they ended.
void answer_all(std::string_view replies, int32 items, Rows &rows) {
    std::vector<CallOutcome> outcomes(static_cast<std::size_t>(items));
    while (!replies.empty()) {
        ReplyHeader header;
        std::memcpy(&header, replies.data(), sizeof header);
        replies.remove_prefix(sizeof header);
        outcomes[static_cast<std::size_t>(header.item)] = {
            header.cause, replies.substr(0, header.value), {}};
        replies.remove_prefix(std::size_t{header.value} + header.stack);
    }
    for (int32 n = 0; n < items; ++n) {
        check_for_interrupts();
        rows.put(n, outcomes[static_cast<std::size_t>(n)]);
    }
}

void call_one_by_one(const Target &target, std::string_view payload, Time timeout,
                     const CallOptions &options, Rows &rows) {
    const Time end = after(monotonic_now(), timeout);
    for (int32 n = 0; !payload.empty(); ++n) {
        const Item item = unpack(payload);
        call_directly({target, item, std::max<Time>(end - monotonic_now(), 0), options.idempotent},
                      [&](const CallOutcome &outcome) { rows.put(n, outcome); });
    }
}

} // namespace
} // namespace pgcrew::erlang_bridge

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

PGCREW_FUNCTION(erlang_bridge_call_many) {
    const Args args(fcinfo);
    CallOptions options = parse_call_options(jsonb_argument(fcinfo, 3));
    options.conversion.knows_node = node_is_known;
    const Time timeout = timeout_of(args.opt_interval_ms(2));
    const Target target = require_target(args.text(0, "node"));
    const Batch batch = pack_calls(require_jsonb(fcinfo, 1, "calls"), target, options.conversion);
    Rows rows(fcinfo, target, batch, options);
    if (batch.names.empty())
        return rows.done();
    const bool directly = settings::mode == settings::ModeDirect;
    const NodeSlot slot =
        directly ? NodeSlot{}
                 : require_node_slot(target.name, target.sealed_cookie, target.automatic);
    if (directly || !through_worker(slot)) {
        call_one_by_one(target, batch.payload, timeout, options, rows);
        return rows.done();
    }
    OwnRequest request({.kind = RequestKind::Many,
                        .node = slot,
                        .payload = batch.payload,
                        .items = static_cast<int>(batch.names.size()),
                        .timeout = timeout,
                        .idempotent = options.idempotent});
    const Request &done = request.wait();
    if (done.cause != Cause::None)
        for (int32 n = 0; n < done.items; ++n)
            rows.put(n, {.cause = done.cause});
    else
        answer_all(stored(done.reply, done.reply_size), done.items, rows);
    return rows.done();
}
