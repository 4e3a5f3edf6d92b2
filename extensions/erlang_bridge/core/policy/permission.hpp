// What can be granted on a node: calls as 'module:function', messages as '!server', each with `*`
// for any run of characters.
#pragma once
#include <optional>
#include <string_view>

namespace pgcrew::erlang_bridge {

// Refers to the text it was parsed from. Of a grant the parts are patterns; of what somebody wants
// to do they are names, in which `*` has no meaning.
struct Permission {
    std::string_view module, function; // both empty for messages
    std::string_view server;           // empty for calls

    bool is_message() const noexcept { return !server.empty(); }
    bool is_literal() const noexcept;
};

// Function name under which a closure is checked: nobody knows what it will call.
inline constexpr std::string_view closure = "-fun-";

// 'module:function' or '!server', up to 600 bytes without control characters.
std::optional<Permission> parse_permission(std::string_view what) noexcept;

// Whether the grant covers what is wanted. What is forbidden
// (core/policy/forbidden.hpp) is covered by its own name alone.
bool covers(const Permission &grant, const Permission &wanted) noexcept;

} // namespace pgcrew::erlang_bridge
