#include "core/link/distribution_flags.hpp"

#include <array>
#include <bit>
#include <cstdio>

namespace pgcrew::erlang_bridge {
namespace {

constexpr std::array<const char *, 36> names = {
    "published",
    "atom_cache",
    "extended_references",
    "dist_monitor",
    "fun_tags",
    "dist_monitor_name",
    "hidden_atom_cache",
    "new_fun_tags",
    "extended_pids_ports",
    "export_ptr_tag",
    "bit_binaries",
    "new_floats",
    "unicode_io",
    "dist_hdr_atom_cache",
    "small_atom_tags",
    nullptr,
    "utf8_atoms",
    "map_tag",
    "big_creation",
    "send_sender",
    "big_seqtrace_labels",
    nullptr,
    "exit_payload",
    "fragments",
    "handshake_23",
    "unlink_id",
    "mandatory_25_digest",
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    "spawn",
    "name_me",
    "v4_nc",
    "alias",
};

std::string hexadecimal(std::uint64_t bit) {
    std::array<char, 24> text{};
    std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(bit));
    return text.data();
}

} // namespace

std::vector<std::string> names_of_flags(std::uint64_t flags) {
    std::vector<std::string> found;
    for (; flags != 0; flags &= flags - 1) {
        const auto number = static_cast<std::size_t>(std::countr_zero(flags));
        const char *name = number < names.size() ? names[number] : nullptr;
        found.push_back(name != nullptr ? name : hexadecimal(std::uint64_t{1} << number));
    }
    return found;
}

} // namespace pgcrew::erlang_bridge
