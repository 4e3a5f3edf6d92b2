// The bytes by which terms of the Erlang external term format begin.
#pragma once
#include <cstdint>

namespace pgcrew::erlang_bridge {

inline constexpr std::uint8_t etf_version = 131;

enum class Tag : std::uint8_t {
    new_float = 70,
    bit_binary = 77,
    compressed = 80,
    new_pid = 88,
    new_port = 89,
    newer_reference = 90,
    small_integer = 97,
    integer = 98,
    old_float = 99,
    atom = 100, // Latin-1
    reference = 101,
    port = 102,
    pid = 103,
    small_tuple = 104,
    large_tuple = 105,
    nil = 106,
    string = 107, // a list of small integers, not a text
    list = 108,
    binary = 109,
    small_big = 110,
    large_big = 111,
    new_fun = 112,
    export_fun = 113,
    new_reference = 114,
    small_atom = 115, // Latin-1
    map = 116,
    atom_utf8 = 118,
    small_atom_utf8 = 119,
    v4_port = 120,
};

} // namespace pgcrew::erlang_bridge
