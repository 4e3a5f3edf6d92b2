// Ranges of addresses, for the setting that denies them to us.
#pragma once
#include "core/net/address.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace pgcrew::erlang_bridge {

class AddressFilter {
  public:
    // "10.0.0.0/8, ::1/128, 192.0.2.1": addresses, each with the number of its bits that count.
    static std::optional<AddressFilter> parse(std::string_view text);

    // The unspecified address leads to this machine, so it is held to be the loopback one as well.
    bool contains(const Address &address) const noexcept;

  private:
    struct Range {
        Address base;
        unsigned bits;
        bool contains(const Address &address) const noexcept;
    };
    static std::optional<Range> parse_range(std::string_view text);

    std::vector<Range> ranges_;
};

} // namespace pgcrew::erlang_bridge
