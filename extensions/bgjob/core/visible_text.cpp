#include "core/visible_text.hpp"

#include <array>
#include <cstdint>
#include <cstdio>

namespace pgcrew::bgjob {
namespace {

struct Character {
    std::uint32_t code = 0;
    std::size_t bytes = 0; // 0: the text does not begin with a character
};

unsigned byte_at(std::string_view text, std::size_t i) {
    return static_cast<unsigned char>(text[i]);
}

Character first_of(std::string_view text) {
    const unsigned lead = byte_at(text, 0);
    if (lead < 0x80)
        return {lead, 1};
    const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes)
        return {};
    std::uint32_t code = lead & (0x7FU >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) {
        if ((byte_at(text, i) & 0xC0U) != 0x80)
            return {};
        code = code << 6U | (byte_at(text, i) & 0x3FU);
    }
    constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
    if (code < least.at(bytes) || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        return {};
    return {code, bytes};
}

// Whatever could break the line or its order.
bool unfit(std::uint32_t code) {
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x200B && code <= 0x200F) ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) ||
           code == 0x061C || code == 0xFEFF;
}

std::string escaped(const char *format, unsigned number) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), format, number);
    return text.data();
}

std::string shown(std::string_view text, const Character &c) {
    if (c.bytes == 0)
        return escaped("\\x%02x", byte_at(text, 0));
    if (!unfit(c.code))
        return std::string(text.substr(0, c.bytes));
    if (c.code == '\n')
        return "\\n";
    if (c.code == '\t')
        return "\\t";
    return escaped(c.code < 0x80 ? "\\x%02x" : "\\u%04x", c.code);
}

} // namespace

std::size_t columns_of(std::string_view text) {
    std::size_t columns = 0;
    for (std::size_t i = 0; i < text.size(); ++i)
        columns += (byte_at(text, i) & 0xC0U) != 0x80 ? 1 : 0;
    return columns;
}

std::string fit(std::string_view text, std::size_t columns) {
    constexpr std::string_view dots = "...";
    std::string out;
    std::size_t used = 0;
    std::size_t room_for_dots = 0; // bytes of `out` that stay if dots are needed
    while (!text.empty()) {
        const Character c = first_of(text);
        const std::string piece = shown(text, c);
        used += columns_of(piece);
        if (used > columns)
            return columns < dots.size() ? std::string(dots.substr(0, columns))
                                         : out.substr(0, room_for_dots).append(dots);
        out += piece;
        if (used + dots.size() <= columns)
            room_for_dots = out.size();
        text.remove_prefix(c.bytes == 0 ? 1 : c.bytes);
    }
    return out;
}

} // namespace pgcrew::bgjob
