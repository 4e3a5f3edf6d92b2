#include "core/etf/integer_text.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

namespace pgcrew::erlang_bridge {
namespace {

// Both ways go by Horner's rule, over as many digits at a time as fit in a word with a carry.
constexpr std::uint64_t chunk_base = 1'000'000'000;
constexpr std::size_t chunk_digits = 9;

// limbs = limbs * factor + addend, limbs being digits of a number by the given base, lowest first.
template <std::uint64_t Base>
void multiply_add(std::vector<std::uint32_t> &limbs, std::uint64_t factor, std::uint64_t addend) {
    std::uint64_t carry = addend;
    for (std::uint32_t &limb : limbs) {
        carry += limb * factor;
        limb = static_cast<std::uint32_t>(carry % Base);
        carry /= Base;
    }
    for (; carry != 0; carry /= Base)
        limbs.push_back(static_cast<std::uint32_t>(carry % Base));
}

constexpr char hex_digits[] = "0123456789abcdef";

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

} // namespace

std::string to_decimal(const BigInteger &value) {
    const std::string_view magnitude = value.magnitude;
    std::vector<std::uint32_t> chunks;
    chunks.reserve(magnitude.size() * 2409 / 9000 + 2); // log10(256) is below 2.409
    for (std::size_t end = magnitude.size(); end > 0;) {
        const std::size_t size = (end - 1) % 4 + 1; // all words but the highest are whole
        std::uint64_t word = 0;
        for (std::size_t i = 0; i < size; ++i)
            word = word << 8 | static_cast<std::uint8_t>(magnitude[--end]);
        multiply_add<chunk_base>(chunks, std::uint64_t{1} << 8 * size, word);
    }
    std::string text = value.negative ? "-" : "";
    if (chunks.empty())
        return "0";
    text += std::to_string(chunks.back());
    for (std::size_t i = chunks.size() - 1; i-- > 0;) {
        const std::string digits = std::to_string(chunks[i]);
        text.append(chunk_digits - digits.size(), '0').append(digits);
    }
    return text;
}

std::string magnitude_of_decimal(std::string_view digits) {
    std::vector<std::uint32_t> words;
    words.reserve(digits.size() * 416 / 4000 + 2); // log256(10) is below 0.416
    while (!digits.empty()) {
        const std::string_view chunk = digits.substr(0, (digits.size() - 1) % chunk_digits + 1);
        std::uint64_t value = 0;
        std::uint64_t factor = 1;
        for (const char c : chunk) {
            value = value * 10 + static_cast<std::uint64_t>(c - '0');
            factor *= 10;
        }
        multiply_add<std::uint64_t{1} << 32>(words, factor, value);
        digits.remove_prefix(chunk.size());
    }
    std::string magnitude;
    magnitude.reserve(words.size() * 4);
    for (const std::uint32_t word : words)
        for (int shift = 0; shift < 32; shift += 8)
            magnitude += static_cast<char>(word >> shift);
    magnitude.resize(magnitude.find_last_not_of('\0') + 1);
    return magnitude;
}

std::string to_hex(const BigInteger &value) {
    std::string text = value.negative ? "-0x" : "0x";
    text.reserve(text.size() + 2 * value.magnitude.size());
    for (std::size_t i = value.magnitude.size(); i-- > 0;) {
        const auto byte = static_cast<std::uint8_t>(value.magnitude[i]);
        text += hex_digits[byte >> 4];
        text += hex_digits[byte & 15];
    }
    return text;
}

std::optional<SignedMagnitude> from_hex(std::string_view text) {
    SignedMagnitude value{text.starts_with('-'), {}};
    text.remove_prefix(value.negative ? 1 : 0);
    if (!text.starts_with("0x") || text.size() == 2)
        return std::nullopt;
    text.remove_prefix(2);
    value.magnitude.reserve(text.size() / 2 + 1);
    while (!text.empty()) {
        const int low = hex_value(text.back());
        text.remove_suffix(1);
        const int high = text.empty() ? 0 : hex_value(text.back());
        text.remove_suffix(text.empty() ? 0 : 1);
        if (low < 0 || high < 0)
            return std::nullopt;
        value.magnitude += static_cast<char>(high << 4 | low);
    }
    value.magnitude.resize(value.magnitude.find_last_not_of('\0') + 1);
    return value;
}

} // namespace pgcrew::erlang_bridge
