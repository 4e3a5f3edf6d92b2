#include "pg/outcome_error.hpp"

#include "pg/settings.hpp"
#include "pg/terms.hpp"

extern "C" {
#include <mb/pg_wchar.h>
}

namespace pgcrew::erlang_bridge {
namespace {

constexpr int longest_shown = 2000; // bytes

const char *hint(Cause cause) noexcept {
    switch (cause) {
    case Cause::EpmdUnreachable:
        return "Check that epmd runs on the node's host, and \"erlang_bridge.epmd_port\".";
    case Cause::NotRegistered:
        return "Check that the node runs and was started with -name or -sname.";
    case Cause::CookieUnavailable:
        return "Set the node's cookie with erlang_node_set_cookie().";
    case Cause::CookieRejected:
        return "Set the node's cookie with erlang_node_set_cookie(). The node has logged why.";
    case Cause::CircuitOpen:
        return "Too many attempts failed; the bridge tries again after "
               "\"erlang_bridge.breaker_pause\".";
    case Cause::OutcomeUnknown:
        return "It is unknown whether the function was executed; calls with the option "
               "\"idempotent\" are sent again.";
    case Cause::Timeout:
        return "Ask for a longer timeout, or raise \"erlang_bridge.call_timeout\".";
    case Cause::LimitReached:
        return "See the settings erlang_bridge.max_term_size, result_memory, call_rate and "
               "byte_rate.";
    default:
        return "";
    }
}

std::string text_of(std::string_view term) {
    // The limits of the session may be too small for the reason of its own error.
    const Datum json = decode_term(term, {.form = JsonForm::Natural}, settings::limits());
    return call([&] {
        ::Jsonb *value = DatumGetJsonbP(json);
        return static_cast<const char *>(
            JsonbToCString(nullptr, &value->root, static_cast<int>(VARSIZE(value))));
    });
}

} // namespace

std::string shown(std::string_view term) {
    std::string text;
    try {
        text = text_of(term);
    } catch (const Error &e) {
        return std::string("a term that cannot be shown: ") + e.what();
    }
    if (text.size() > longest_shown) {
        const int length = call([&] {
            return pg_mbcliplen(text.data(), static_cast<int>(text.size()), longest_shown);
        });
        text.resize(static_cast<std::size_t>(length));
        text += "...";
    }
    return text;
}

Error error_of(const CallOutcome &outcome, const NodeName &node, const std::string &what) {
    std::string detail =
        what.empty() ? "Node \"" + node.full() + "\"" : what + " on node \"" + node.full() + "\"";
    if (!outcome.value.empty())
        detail += ": " + shown(outcome.value);
    return Error(sqlstate(outcome.cause), text(outcome.cause), detail + ".", hint(outcome.cause));
}

void raise_cause(Cause cause, const NodeName &node) { throw error_of({.cause = cause}, node, {}); }

} // namespace pgcrew::erlang_bridge
