// What nodes can do, as they tell each other in the handshake: bits, by the names of the protocol's
// documentation ("Distribution Flags" of the distribution protocol).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace pgcrew::erlang_bridge {

namespace flag {
constexpr std::uint64_t extended_references = 0x4, fun_tags = 0x10, new_fun_tags = 0x80,
                        extended_pids_ports = 0x100, export_ptr_tag = 0x200, bit_binaries = 0x400,
                        new_floats = 0x800, utf8_atoms = 0x10000, map_tag = 0x20000,
                        big_creation = 0x40000, handshake_23 = 0x1000000, unlink_id = 0x2000000,
                        mandatory_25_digest = 0x4000000, name_me = std::uint64_t{2} << 32U,
                        v4_nc = std::uint64_t{4} << 32U;
} // namespace flag

// Their names in lower case, in the order of the bits; a bit without one in hexadecimal.
std::vector<std::string> names_of_flags(std::uint64_t flags);

} // namespace pgcrew::erlang_bridge
