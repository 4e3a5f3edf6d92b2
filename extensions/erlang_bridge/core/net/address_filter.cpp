#include "core/net/address_filter.hpp"

#include <algorithm>
#include <charconv>

namespace pgcrew::erlang_bridge {
namespace {

constexpr unsigned mapped_bits = 8 * Address::before_mapped;

std::string_view trimmed(std::string_view text) noexcept {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
    while (!text.empty() && blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && blank(text.back()))
        text.remove_suffix(1);
    return text;
}

// The address that a socket really goes to when it is sent to the unspecified one.
std::optional<Address> meant(const Address &address) noexcept {
    if (std::any_of(address.bytes.begin(), address.bytes.end(),
                    [](auto byte) { return byte != 0; }))
        return std::nullopt;
    Address loopback;
    loopback.v6 = address.v6;
    loopback.bytes = address.v6
                         ? decltype(loopback.bytes){0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}
                         : decltype(loopback.bytes){127, 0, 0, 1};
    return loopback;
}

} // namespace

std::optional<AddressFilter::Range> AddressFilter::parse_range(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string_view host = text.substr(0, slash);
    const auto base = Address::parse(host);
    if (!base)
        return std::nullopt;
    const bool written_v6 = host.find(':') != std::string_view::npos;
    const unsigned most = written_v6 ? 128 : 32;
    unsigned bits = most;
    if (slash != std::string_view::npos) {
        const std::string_view digits = text.substr(slash + 1);
        const char *end = digits.data() + digits.size();
        const auto [stop, error] = std::from_chars(digits.data(), end, bits);
        if (error != std::errc() || stop != end || bits > most)
            return std::nullopt;
    }
    if (written_v6 && !base->v6) { // of a mapped address only the bits at its end are here
        if (bits < mapped_bits)
            return std::nullopt;
        bits -= mapped_bits;
    }
    return Range{*base, bits};
}

std::optional<AddressFilter> AddressFilter::parse(std::string_view text) {
    AddressFilter filter;
    if (trimmed(text).empty())
        return filter;
    for (bool more = true; more;) {
        const std::size_t comma = text.find(',');
        const auto range = parse_range(trimmed(text.substr(0, comma)));
        if (!range)
            return std::nullopt;
        filter.ranges_.push_back(*range);
        more = comma != std::string_view::npos;
        if (more)
            text.remove_prefix(comma + 1);
    }
    return filter;
}

bool AddressFilter::Range::contains(const Address &address) const noexcept {
    if (address.v6 != base.v6)
        return false;
    for (unsigned at = 0; at < bits; at += 8) {
        const unsigned different = base.bytes[at / 8] ^ address.bytes[at / 8];
        const unsigned counts = bits - at >= 8 ? 0xFFU : 0xFFU << (8 - (bits - at));
        if ((different & counts) != 0)
            return false;
    }
    return true;
}

bool AddressFilter::contains(const Address &address) const noexcept {
    const auto also = meant(address);
    return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range &range) {
        return range.contains(address) || (also && range.contains(*also));
    });
}

} // namespace pgcrew::erlang_bridge
