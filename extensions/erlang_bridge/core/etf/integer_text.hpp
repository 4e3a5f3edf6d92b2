// Integers of any size between text and the bytes of a term, which have the lowest first.
#pragma once
#include "core/etf/visitor.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace pgcrew::erlang_bridge {

// Time grows with the square of the length: 100,000 digits take a tenth of a second.
std::string to_decimal(const BigInteger &value);
std::string magnitude_of_decimal(std::string_view digits); // nothing but digits

// "-0x1f", in time that grows with the length.
std::string to_hex(const BigInteger &value);
struct SignedMagnitude {
    bool negative;
    std::string magnitude;
};
std::optional<SignedMagnitude> from_hex(std::string_view text); // empty if it is none

} // namespace pgcrew::erlang_bridge
