#include "core/etf/float_text.hpp"

#include "pgcrew/error.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>

namespace pgcrew::erlang_bridge {
namespace {

constexpr std::int64_t max_digits = 131072; // those of numeric before the point

[[noreturn]] void not_a_number(std::string_view text) {
    throw Error(sqlstate::invalid_parameter_value, "invalid number",
                "The text \"" + std::string(text.substr(0, 40)) + "\" is not a number of JSON.");
}

std::string_view take_digits(std::string_view &text) {
    const std::size_t size = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string_view digits = text.substr(0, size);
    text.remove_prefix(size);
    return digits;
}

// Empty without digits; one out of range becomes one that is far too large.
std::optional<std::int64_t> take_exponent(std::string_view &text) {
    const bool negative = text.starts_with('-');
    text.remove_prefix(negative || text.starts_with('+') ? 1 : 0);
    const std::string_view digits = take_digits(text);
    if (digits.empty())
        return std::nullopt;
    std::int64_t exponent = 0;
    for (const char c : digits)
        exponent = std::min(exponent * 10 + (c - '0'), 2 * max_digits);
    return negative ? -exponent : exponent;
}

bool same_digits(double value, const Decimal &wanted) {
    Decimal got = parse_decimal(float_text(value));
    Decimal want = wanted;
    for (Decimal *decimal : {&got, &want})
        while (decimal->fraction > 0 && decimal->digits.ends_with('0')) {
            decimal->digits.pop_back();
            --decimal->fraction;
        }
    return got.digits == want.digits && (got.digits.empty() || got.fraction == want.fraction);
}

} // namespace

std::string float_text(double finite) {
    char buffer[32];
    const auto [end, error] =
        std::to_chars(buffer, buffer + sizeof buffer, finite, std::chars_format::scientific);
    std::string_view scientific(buffer, static_cast<std::size_t>(end - buffer));
    std::string text;
    if (scientific.starts_with('-')) {
        text = "-";
        scientific.remove_prefix(1);
    }
    const std::size_t e = scientific.find('e');
    const int exponent = std::atoi(std::string(scientific.substr(e + 1)).c_str());
    std::string digits(scientific.substr(0, e));
    if (digits.size() > 1)
        digits.erase(1, 1); // the point
    if (exponent < 0) {
        text.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(digits);
        return text;
    }
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() < whole + 1)
        digits.append(whole + 1 - digits.size(), '0');
    text.append(digits, 0, whole).append(".").append(digits, whole);
    return text;
}

Decimal parse_decimal(std::string_view text) {
    const std::string_view all = text;
    Decimal decimal{text.starts_with('-'), {}, 0};
    text.remove_prefix(decimal.negative ? 1 : 0);
    decimal.digits = take_digits(text);
    bool complete = !decimal.digits.empty();
    std::int64_t fraction = 0;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        const std::string_view digits = take_digits(text);
        decimal.digits += digits;
        fraction = static_cast<std::int64_t>(digits.size());
        complete = complete && !digits.empty();
    }
    if (complete && (text.starts_with('e') || text.starts_with('E'))) {
        text.remove_prefix(1);
        const auto exponent = take_exponent(text);
        complete = exponent.has_value();
        fraction -= exponent.value_or(0);
    }
    if (!complete || !text.empty())
        not_a_number(all);
    decimal.digits.erase(0, std::min(decimal.digits.find_first_not_of('0'), decimal.digits.size()));
    if (decimal.digits.empty()) // zero: any exponent will do
        fraction = std::clamp(fraction, -max_digits, max_digits);
    const auto digits = static_cast<std::int64_t>(decimal.digits.size());
    if (fraction > max_digits || digits - fraction > max_digits)
        throw Error(sqlstate::invalid_parameter_value, "number is too long",
                    "At most 131072 digits are accepted before and after the decimal point.");
    if (fraction < 0 && digits > 0)
        decimal.digits.append(static_cast<std::size_t>(-fraction), '0');
    decimal.fraction = fraction > 0 ? static_cast<std::size_t>(fraction) : 0;
    return decimal;
}

double float_of(std::string_view text, bool strict) {
    return float_of(text, parse_decimal(text), strict);
}

double float_of(std::string_view text, const Decimal &decimal, bool strict) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) {
        if (decimal.digits.size() > decimal.fraction) // too large; else it is too near to zero
            throw Error(sqlstate::numeric_value_out_of_range, "number is out of range of a float");
        value = decimal.negative ? -0.0 : 0.0;
    }
    if (strict && !same_digits(value, decimal))
        throw Error(sqlstate::numeric_value_out_of_range, "number cannot be held by a float",
                    "The nearest float is " + float_text(value) + ".",
                    R"(Send it as a string, or without the option "numbers":"strict".)");
    return value;
}

} // namespace pgcrew::erlang_bridge
