#include "core/link/node_name.hpp"

#include <algorithm>
#include <arpa/inet.h>

namespace pgcrew::erlang_bridge {
namespace {

constexpr std::size_t longest_name = 255, longest_host = 253, longest_label = 63;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_word(char c) noexcept {
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}

bool valid_label(std::string_view label) noexcept {
    return !label.empty() && label.size() <= longest_label && label.front() != '-' &&
           label.back() != '-' && std::all_of(label.begin(), label.end(), is_word);
}

bool is_address(int family, std::string_view host) {
    in6_addr address; // the larger of the two
    return inet_pton(family, std::string(host).c_str(), &address) == 1;
}

// How C libraries begin to read an address such as 0x7f000001.
bool is_number(std::string_view label) noexcept {
    return std::all_of(label.begin(), label.end(), is_digit) || label.substr(0, 2) == "0x" ||
           label.substr(0, 2) == "0X";
}

} // namespace

bool valid_alive(std::string_view alive) noexcept {
    return !alive.empty() && std::all_of(alive.begin(), alive.end(), is_word);
}

bool valid_host(std::string_view host) noexcept {
    if (host.empty() || host.size() > longest_host || host.find('\0') != std::string_view::npos)
        return false;
    if (host.find(':') != std::string_view::npos)
        return is_address(AF_INET6, host);
    std::string_view rest = host, label;
    for (bool more = true; more;) {
        const std::size_t dot = rest.find('.');
        label = rest.substr(0, dot);
        if (!valid_label(label))
            return false;
        more = dot != std::string_view::npos;
        if (more)
            rest.remove_prefix(dot + 1);
    }
    // 127.1 and 2130706433 are addresses to a resolver, which a list of allowed ones would miss.
    return !is_number(label) || is_address(AF_INET, host);
}

std::optional<NodeName> NodeName::parse(std::string_view text) {
    const std::size_t at = text.find('@');
    if (text.size() > longest_name || at == std::string_view::npos ||
        !valid_alive(text.substr(0, at)) || !valid_host(text.substr(at + 1)))
        return std::nullopt;
    return NodeName(std::string(text), at);
}

} // namespace pgcrew::erlang_bridge
