// Random bits of the system.
#pragma once
#include <cstdint>

namespace pgcrew::erlang_bridge {

// Throws std::system_error if the system gives none.
std::uint32_t system_random();

} // namespace pgcrew::erlang_bridge
