// What no pattern grants, because it gives a client control over the peer or over the machine that
// it runs on: only a grant that names it, without `*`, does.
#pragma once
#include "core/policy/permission.hpp"

#include <string_view>

namespace pgcrew::erlang_bridge {

// The reason in one or two words; empty for what patterns may grant.
std::string_view why_forbidden(const Permission &wanted) noexcept;

} // namespace pgcrew::erlang_bridge
