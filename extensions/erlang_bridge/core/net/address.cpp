#include "core/net/address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>

namespace pgcrew::erlang_bridge {
namespace {

Address from_v4(const in_addr &address) noexcept {
    Address out;
    const auto *bytes = reinterpret_cast<const std::uint8_t *>(&address);
    std::copy_n(bytes, sizeof address, out.bytes.begin());
    return out;
}

Address from_v6(const in6_addr &address, std::uint32_t scope) noexcept {
    const std::uint8_t *bytes = address.s6_addr;
    Address out;
    if (IN6_IS_ADDR_V4MAPPED(&address)) {
        std::copy_n(bytes + Address::before_mapped, 4, out.bytes.begin());
        return out;
    }
    out.v6 = true;
    out.scope = scope;
    std::copy_n(bytes, sizeof address, out.bytes.begin());
    return out;
}

} // namespace

std::optional<Address> Address::parse(std::string_view text) {
    const std::string terminated(text);
    if (terminated.size() != std::char_traits<char>::length(terminated.c_str()))
        return std::nullopt;
    in_addr v4{};
    in6_addr v6{};
    if (inet_pton(AF_INET, terminated.c_str(), &v4) == 1)
        return from_v4(v4);
    if (inet_pton(AF_INET6, terminated.c_str(), &v6) == 1)
        return from_v6(v6, 0);
    return std::nullopt;
}

std::optional<Address> Address::of(const sockaddr &address) {
    if (address.sa_family == AF_INET)
        return from_v4(reinterpret_cast<const sockaddr_in &>(address).sin_addr);
    if (address.sa_family == AF_INET6) {
        const auto &v6 = reinterpret_cast<const sockaddr_in6 &>(address);
        return from_v6(v6.sin6_addr, v6.sin6_scope_id);
    }
    return std::nullopt;
}

} // namespace pgcrew::erlang_bridge
