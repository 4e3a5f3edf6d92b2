// The key of the sealed cookies: a file of 32 bytes that only the server's user can read. Errors do
// not tell where it lies.
#pragma once
#include "core/link/sealed_cookie.hpp"

namespace pgcrew::erlang_bridge {

enum class IfMissing { Fail, Create };

// Reads the file, having made it where there is none and that is asked for. Of two who make it at
// once both get the same key. 55000 if it is missing or not to be trusted.
GuardedMemory read_sealing_key(IfMissing);

} // namespace pgcrew::erlang_bridge
