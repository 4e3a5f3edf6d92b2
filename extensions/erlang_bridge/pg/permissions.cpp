#include "pg/permissions.hpp"

#include "core/policy/forbidden.hpp"
#include "core/policy/funs_in_term.hpp"
#include "core/policy/pattern.hpp"
#include "pg/kept.hpp"
#include "pgcrew/memory.hpp"

extern "C" {
#include <miscadmin.h>
#include <utils/acl.h>
#include <utils/builtins.h>
}

namespace pgcrew::erlang_bridge {
namespace {

enum Column { Role, Node, What };

// Server calls.
bool belongs_to(Oid role, const char *group) {
    const Oid id = get_role_oid(group, true);
    return superuser_arg(role) || (OidIsValid(id) && has_privs_of_role(role, id));
}
std::string_view view(Datum text_datum) {
    const text *const value = DatumGetTextPP(text_datum);
    return {VARDATA_ANY(value), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(value))};
}

bool granted(Oid role, std::string_view node, const Permission &wanted) {
    const OwnedMemory memory("erlang_bridge permissions");
    const MemoryScope scope(memory.get());
    bool found = false;
    scan(OwnTable::Permission, [&](const Datum *values, const bool *) {
        const auto grant = parse_permission(view(values[What]));
        found = grant && covers(*grant, wanted) && matches(view(values[Node]), node) &&
                has_privs_of_role(role, DatumGetObjectId(values[Role]));
        return !found;
    });
    return found;
}

bool decide(Oid role, std::string_view node, const Permission &wanted) {
    if (why_forbidden(wanted).empty() && call([&] { return belongs_to(role, "erlang_admin"); }))
        return true;
    return granted(role, node, wanted);
}

// Sizes stand before texts, for atoms may contain any character.
std::string key_of(Oid role, std::string_view node, const Permission &wanted) {
    std::string key;
    key.reserve(128);
    const auto add = [&](std::string_view text) {
        const auto size = static_cast<std::uint32_t>(text.size());
        key.append(reinterpret_cast<const char *>(&size), sizeof size);
        key += text;
    };
    key.append(reinterpret_cast<const char *>(&role), sizeof role);
    for (const std::string_view part : {node, wanted.module, wanted.function, wanted.server})
        add(part);
    return key;
}

std::string text_of(const Permission &wanted) {
    return wanted.is_message() ? "!" + std::string(wanted.server)
                               : std::string(wanted.module) + ":" + std::string(wanted.function);
}

std::string quoted(const std::string &text) {
    return call([&] { return quote_literal_cstr(text.c_str()); });
}

[[noreturn]] void throw_denied(const NodeName &node, const Permission &wanted) {
    const std::string what = text_of(wanted);
    const std::string role = call(
        [] { return quote_literal_cstr(quote_identifier(GetUserNameFromId(GetUserId(), false))); });
    const std::string_view why = why_forbidden(wanted);
    throw Error(sqlstate::insufficient_privilege,
                (wanted.is_message() ? "permission denied to send to " : "permission denied for ") +
                    what + " on node \"" + node.full() + "\"",
                why.empty() ? std::string()
                            : "No pattern grants it (" + std::string(why) +
                                  "): it has to be granted by its name.",
                std::string(why.empty() ? "A member of erlang_admin" : "A superuser") +
                    " can run: SELECT erlang_grant(" + role + ", " + quoted(node.full()) + ", " +
                    quoted(what) + ").");
}

void require(const NodeName &node, const Permission &wanted) {
    if (!permitted(GetUserId(), node.full(), wanted))
        throw_denied(node, wanted);
}

void require_funs(const NodeName &node, std::string_view term) {
    if (term.empty())
        return;
    for (const FunName &fun : funs_in_term(term))
        require(node, {fun.module, fun.function, {}});
}

void require_membership(const char *group, const char *what) {
    if (!call([&] { return belongs_to(GetUserId(), group); }))
        throw Error(sqlstate::insufficient_privilege, std::string("permission denied to ") + what,
                    {}, std::string("Members of ") + group + " may.");
}

} // namespace

bool permitted(Oid role, std::string_view node, const Permission &wanted) {
    static auto *const kept = new Kept<bool>;
    return kept->get(key_of(role, node, wanted), [&] { return decide(role, node, wanted); });
}

void require_call(const NodeName &node, std::string_view module, std::string_view function,
                  std::string_view arguments) {
    require(node, {module, function, {}});
    require_funs(node, arguments);
}

void require_message(const NodeName &node, std::string_view server, std::string_view message) {
    require(node, {{}, {}, server});
    require_funs(node, message);
}

void require_connect() {
    if (!call([] { return belongs_to(GetUserId(), "erlang_admin"); }))
        require_membership("erlang_call", "connect to Erlang nodes");
}

void require_admin() { require_membership("erlang_admin", "administer Erlang nodes"); }

} // namespace pgcrew::erlang_bridge
