// How long a session, and the worker, look for an answer before they sleep. A node on the same
// machine answers sooner, most of the time.
#pragma once
#include "pgcrew/spin.hpp"

namespace pgcrew::erlang_bridge {

inline constexpr std::chrono::microseconds short_look{200};

} // namespace pgcrew::erlang_bridge
