// An address of the internet protocol, version 4 or 6.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

struct sockaddr;

namespace pgcrew::erlang_bridge {

// An IPv4 address that is dressed up as an IPv6 one (::ffff:a.b.c.d) is always taken as what it is.
struct Address {
    static constexpr unsigned before_mapped = 12; // bytes of such a one before the IPv4 address

    bool v6 = false;
    std::array<std::uint8_t, 16> bytes{}; // of IPv4 the first four
    std::uint32_t scope = 0;              // the interface of a link-local IPv6 address

    static std::optional<Address> parse(std::string_view text);
    static std::optional<Address> of(const sockaddr &address); // empty: another family

    bool operator==(const Address &) const = default;
};

} // namespace pgcrew::erlang_bridge
