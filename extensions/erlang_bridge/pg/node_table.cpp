#include "pg/node_table.hpp"

#include "core/policy/pattern.hpp"
#include "pg/kept.hpp"
#include "pg/settings.hpp"
#include "pgcrew/memory.hpp"

extern "C" {
#include <utils/builtins.h>
}

namespace pgcrew::erlang_bridge {
namespace {

enum Column { Name, Sealed, Automatic };

struct Found {
    const text *name;
    const bytea *sealed;
    bool automatic;
    Found *next;
};

std::string_view view(const void *varlena) noexcept {
    const auto *const value = static_cast<const struct varlena *>(varlena);
    return {VARDATA_ANY(value), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(value))};
}

NodeRow row_of(const Found &found, NodeName name) {
    return {std::move(name), std::string(view(found.sealed)), found.automatic};
}

// The rows that `wanted(name, automatic)` names; they live in the current context.
template <class Wanted> Found *rows(Wanted wanted) {
    Found *first = nullptr;
    scan(OwnTable::Node, [&](const Datum *values, const bool *) {
        const text *const name = DatumGetTextPCopy(values[Name]);
        const bool automatic = DatumGetBool(values[Automatic]);
        if (wanted(view(name), automatic)) {
            auto *const found = static_cast<Found *>(palloc(sizeof(Found)));
            *found = {name, DatumGetByteaPCopy(values[Sealed]), automatic, first};
            first = found;
        }
        return true;
    });
    return first;
}

std::optional<NodeRow> look_up(std::string_view name) {
    std::optional<NodeName> parsed = NodeName::parse(name);
    if (!parsed)
        return std::nullopt;
    const OwnedMemory memory("erlang_bridge node");
    const MemoryScope scope(memory.get());
    const Found *const found = rows([&](std::string_view other, bool) { return other == name; });
    if (found == nullptr)
        return std::nullopt;
    return row_of(*found, std::move(*parsed));
}

} // namespace

NodeName require_node_name(std::string_view text) {
    std::optional<NodeName> name = NodeName::parse(text);
    if (!name)
        throw Error(sqlstate::invalid_parameter_value, "invalid name of an Erlang node",
                    "\"" + std::string(text.substr(0, 300)) + "\" is not of the form name@host.",
                    "The name has letters, digits, \"_\" and \"-\"; the host is a name or an "
                    "address; together they have at most 255 bytes.");
    return std::move(*name);
}

std::optional<NodeRow> find_node(std::string_view name) {
    static auto *const kept = new Kept<std::optional<NodeRow>>;
    return kept->get(std::string(name), [&] { return look_up(name); });
}

std::vector<NodeRow> automatic_nodes() {
    const OwnedMemory memory("erlang_bridge nodes");
    const MemoryScope scope(memory.get());
    std::vector<NodeRow> nodes;
    for (const Found *found = rows([](std::string_view, bool automatic) { return automatic; });
         found != nullptr; found = found->next)
        if (std::optional<NodeName> name = NodeName::parse(view(found->name)))
            nodes.push_back(row_of(*found, std::move(*name)));
    return nodes;
}

bool node_allowed(const NodeName &name) {
    return matches_any(settings::allowed_nodes, name.full());
}

} // namespace pgcrew::erlang_bridge
