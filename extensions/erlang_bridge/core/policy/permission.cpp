#include "core/policy/permission.hpp"

#include "core/policy/forbidden.hpp"
#include "core/policy/pattern.hpp"
#include "pgcrew/ascii.hpp"

#include <algorithm>

namespace pgcrew::erlang_bridge {
namespace {

constexpr std::size_t longest = 600; // two atoms of 255 characters and some

} // namespace

bool Permission::is_literal() const noexcept {
    return erlang_bridge::is_literal(module) && erlang_bridge::is_literal(function) &&
           erlang_bridge::is_literal(server);
}

std::optional<Permission> parse_permission(std::string_view what) noexcept {
    if (what.size() > longest || std::any_of(what.begin(), what.end(), is_control))
        return std::nullopt;
    if (what.substr(0, 1) == "!") {
        if (what.size() == 1)
            return std::nullopt;
        return Permission{{}, {}, what.substr(1)};
    }
    const std::size_t colon = what.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == what.size())
        return std::nullopt;
    return Permission{what.substr(0, colon), what.substr(colon + 1), {}};
}

bool covers(const Permission &grant, const Permission &wanted) noexcept {
    if (grant.is_message() != wanted.is_message())
        return false;
    if (!grant.is_literal() && !why_forbidden(wanted).empty())
        return false;
    return matches(grant.module, wanted.module) && matches(grant.function, wanted.function) &&
           matches(grant.server, wanted.server);
}

} // namespace pgcrew::erlang_bridge
