// What a term that a user composed must not contain, though its bytes are in order: a map with the
// same key twice, for which a node closes the connection all sessions share, and pids, ports and
// references of nodes we do not know, whose names would fill the peer's table of atoms.
#pragma once
#include "core/etf/conversion_options.hpp"
#include "core/etf/limits.hpp"

namespace pgcrew::erlang_bridge {

// The term has no version byte. 22023, or what the reader has to say.
void check_sendable(std::string_view term, const ConversionOptions &options, const Limits &limits);

} // namespace pgcrew::erlang_bridge
