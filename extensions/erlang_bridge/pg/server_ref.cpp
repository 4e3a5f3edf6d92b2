#include "pg/server_ref.hpp"

#include "core/etf/limits.hpp"
#include "core/etf/reader.hpp"
#include "core/etf/text.hpp"
#include "core/etf/writer.hpp"
#include "pg/node_slots.hpp"
#include "pg/settings.hpp"
#include "pg/terms.hpp"

extern "C" {
#include <utils/builtins.h>
#include <utils/fmgrprotos.h>
#include <utils/jsonb.h>
}

namespace pgcrew::erlang_bridge {
namespace {

struct IsPid : TermVisitor {
    bool found = false;
    void pid(const Pid & /*pid*/) override { found = true; }
};

std::string pid_of_json(std::string_view text) {
    const std::string json(text);
    const ::Jsonb *value = call([&] {
        return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.c_str())));
    });
    std::string term = encode_term(value, {.knows_node = node_is_known}, settings::limits());
    IsPid visitor;
    (void)read_term(term, visitor, {.depth = 1, .bytes = term.size()});
    if (!visitor.found)
        throw Error(sqlstate::invalid_parameter_value, "server is JSON, but not of a pid", {},
                    "Give the name of a server, or a pid as a call has returned it.");
    return term;
}

} // namespace

void require_atom(std::string_view text, const char *what) {
    const auto length = utf8_length(text);
    if (length && *length > 0 && *length <= max_atom_characters)
        return;
    throw Error(sqlstate::invalid_parameter_value, std::string("invalid name of a ") + what,
                "It must have 1 to 255 characters.");
}

ServerRef parse_server(std::string_view text) {
    if (text.starts_with('{'))
        return {ServerRef::Kind::Pid, {}, pid_of_json(text)};
    ServerRef server{ServerRef::Kind::Name, {}, std::string(text)};
    if (text.starts_with("global:")) {
        server = {ServerRef::Kind::Global, "global", std::string(text.substr(7))};
    } else if (text.starts_with("via:")) {
        const std::string_view rest = text.substr(4);
        const std::size_t colon = rest.find(':');
        if (colon == std::string_view::npos)
            throw Error(sqlstate::invalid_parameter_value, "invalid name of a server",
                        "After \"via:\" a module, a colon and a name are expected.");
        server = {ServerRef::Kind::Via, std::string(rest.substr(0, colon)),
                  std::string(rest.substr(colon + 1))};
        require_atom(server.module, "module");
    }
    require_atom(server.name, "server");
    return server;
}

std::string ServerRef::term() const {
    TermWriter writer;
    switch (kind) {
    case Kind::Pid:
        writer.raw(name);
        break;
    case Kind::Name:
        writer.atom(name);
        break;
    case Kind::Global:
        writer.tuple(2);
        writer.atom("global");
        writer.atom(name);
        break;
    case Kind::Via:
        writer.tuple(3);
        writer.atom("via");
        writer.atom(module);
        writer.atom(name);
        break;
    }
    return writer.take();
}

std::string ServerRef::permission() const {
    switch (kind) {
    case Kind::Pid:
        return "pid";
    case Kind::Global:
        return "global:" + name;
    case Kind::Via:
        return "via:" + module + ":" + name;
    case Kind::Name:
        break;
    }
    return name;
}

} // namespace pgcrew::erlang_bridge
