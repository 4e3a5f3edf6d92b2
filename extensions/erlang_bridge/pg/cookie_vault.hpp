// Cookies on their way into the table of nodes and out of it. No error tells a cookie or where the
// key lies.
#pragma once
#include "core/link/cookie.hpp"
#include "pgcrew/args.hpp"

#include <string>
#include <string_view>

namespace pgcrew::erlang_bridge {

// The argument of a SQL function; copies that this makes are wiped. 22023 for what is no cookie,
// 22004 for NULL.
Cookie cookie_argument(const Args &args, int i);

// Makes the key if there is none yet.
std::string seal(const Cookie &cookie, std::string_view node);

// 55000 without the key it was sealed with, or for another node.
Cookie unseal(std::string_view sealed, std::string_view node);

} // namespace pgcrew::erlang_bridge
