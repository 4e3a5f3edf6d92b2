// How much of a term is accepted, in both directions.
#pragma once
#include <cstddef>

namespace pgcrew::erlang_bridge {

struct Limits {
    std::size_t depth = 1000;                  // lists, tuples, maps and funs within each other
    std::size_t bytes = std::size_t{64} << 20; // of the encoded term
};

inline constexpr std::size_t max_atom_characters = 255;

} // namespace pgcrew::erlang_bridge
