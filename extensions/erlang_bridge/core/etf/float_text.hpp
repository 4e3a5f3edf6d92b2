// Floats and decimal text.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace pgcrew::erlang_bridge {

// The shortest digits that read back as the same number, never with an exponent, always with a
// fraction: jsonb would give 1e22 back as an integer.
std::string float_text(double finite);

// A number as JSON writes it, with its exponent worked in: as jsonb sees it, 1e2 is an integer and
// 1.5e-1 has two digits after the point.
struct Decimal {
    bool negative;
    std::string digits;   // without leading zeros, so empty for zero
    std::size_t fraction; // how many of the digits, or zeros before them, stand after the point
};

// 22023 if it is none or has more than 131,072 digits before or after the point.
Decimal parse_decimal(std::string_view text);

// The nearest float; 22003 if it is out of range. `strict`: also if the float is not written by the
// same digits.
double float_of(std::string_view text, bool strict);
double float_of(std::string_view text, const Decimal &decimal, bool strict); // for who has it

} // namespace pgcrew::erlang_bridge
