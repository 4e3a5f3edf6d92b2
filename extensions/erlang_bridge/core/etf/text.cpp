#include "core/etf/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace pgcrew::erlang_bridge {
namespace {

std::uint8_t byte_at(std::string_view bytes, std::size_t at) noexcept {
    return static_cast<std::uint8_t>(bytes[at]);
}

// How many bytes the text begins with, in whole blocks, that are ASCII and not the character 0.
// Most texts are nothing else, and some have megabytes.
std::size_t plain_bytes(std::string_view text) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101U, high_bits = 0x8080808080808080U;
    constexpr std::size_t words = 4;
    std::size_t plain = 0;
    const auto next_is_plain = [&](auto &block) {
        if (text.size() - plain < sizeof block)
            return false;
        std::memcpy(block.data(), text.data() + plain, sizeof block);
        std::uint64_t found = 0;
        for (const std::uint64_t word : block)
            found |= word | (word - ones); // a byte below 1 borrows
        return (found & high_bits) == 0;
    };
    for (std::array<std::uint64_t, words> block{}; next_is_plain(block);)
        plain += sizeof block;
    for (std::array<std::uint64_t, 1> block{}; next_is_plain(block);)
        plain += sizeof block;
    return plain;
}

// The length of the character that begins the text, 0 if there is none.
std::size_t character_size(std::string_view text) noexcept {
    const std::uint8_t first = byte_at(text, 0);
    if (first < 0x80)
        return 1;
    const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < size)
        return 0;
    for (std::size_t i = 1; i < size; ++i)
        if ((byte_at(text, i) & 0xC0) != 0x80)
            return 0;
    const std::uint8_t second = byte_at(text, 1);
    const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    const bool surrogate = first == 0xED && second >= 0xA0;
    const bool beyond = first == 0xF4 && second >= 0x90;
    return overlong || surrogate || beyond ? 0 : size;
}

constexpr char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 64;

constexpr std::array<std::uint8_t, 256> base64_digits = [] {
    std::array<std::uint8_t, 256> digits{};
    digits.fill(no_digit);
    for (std::uint8_t i = 0; i < 64; ++i)
        digits[static_cast<std::uint8_t>(base64_alphabet[i])] = i;
    return digits;
}();

} // namespace

std::optional<std::size_t> utf8_length(std::string_view bytes) noexcept {
    std::size_t characters = 0;
    while (!bytes.empty()) {
        std::size_t size = plain_bytes(bytes);
        characters += std::max<std::size_t>(size, 1);
        if (size == 0)
            size = character_size(bytes);
        if (size == 0)
            return std::nullopt;
        bytes.remove_prefix(size);
    }
    return characters;
}

char32_t take_character(std::string_view &utf8) noexcept {
    const std::size_t size = character_size(utf8);
    constexpr std::array<std::uint8_t, 5> first_bits{0, 0x7F, 0x1F, 0x0F, 0x07};
    char32_t character = byte_at(utf8, 0) & first_bits[size];
    for (std::size_t i = 1; i < size; ++i)
        character = character << 6 | (byte_at(utf8, i) & 0x3FU);
    utf8.remove_prefix(size);
    return character;
}

void append_utf8(std::string &text, char32_t character) {
    const auto add = [&](char32_t byte) { text += static_cast<char>(byte); };
    const auto follow = [&](int shift) { add(0x80 | (character >> shift & 0x3F)); };
    if (character < 0x80) {
        add(character);
    } else if (character < 0x800) {
        add(0xC0 | character >> 6);
        follow(0);
    } else if (character < 0x10000) {
        add(0xE0 | character >> 12);
        follow(6);
        follow(0);
    } else {
        add(0xF0 | character >> 18);
        follow(12);
        follow(6);
        follow(0);
    }
}

std::string latin1_to_utf8(std::string_view latin1) {
    std::string text;
    text.reserve(latin1.size());
    for (const char c : latin1)
        append_utf8(text, static_cast<std::uint8_t>(c));
    return text;
}

bool is_json_text(std::string_view bytes) noexcept {
    while (!bytes.empty()) {
        std::size_t size = plain_bytes(bytes);
        if (size == 0)
            size = bytes.front() == '\0' ? 0 : character_size(bytes);
        if (size == 0)
            return false;
        bytes.remove_prefix(size);
    }
    return true;
}

std::string to_base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::size_t left = bytes.size() - at;
        const std::uint32_t three = static_cast<std::uint32_t>(byte_at(bytes, at)) << 16 |
                                    (left > 1 ? byte_at(bytes, at + 1) << 8 : 0) |
                                    (left > 2 ? byte_at(bytes, at + 2) : 0);
        text += base64_alphabet[three >> 18];
        text += base64_alphabet[three >> 12 & 63];
        text += left > 1 ? base64_alphabet[three >> 6 & 63] : '=';
        text += left > 2 ? base64_alphabet[three & 63] : '=';
    }
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0)
        return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=')
        ++padding;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (std::size_t at = 0; at < text.size(); at += 4) {
        const std::size_t missing = at + 4 == text.size() ? padding : 0;
        std::uint32_t three = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            const std::uint8_t digit =
                i < 4 - missing ? base64_digits[byte_at(text, at + i)] : std::uint8_t{0};
            if (digit == no_digit)
                return std::nullopt;
            three = three << 6 | digit;
        }
        if ((three & ((1U << 8 * missing) - 1)) != 0)
            return std::nullopt;
        for (std::size_t i = 0; i < 3 - missing; ++i)
            bytes += static_cast<char>(three >> (16 - 8 * i));
    }
    return bytes;
}

} // namespace pgcrew::erlang_bridge
