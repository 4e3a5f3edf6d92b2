// Characters of ASCII, where the sign of `char` differs between processors.
#pragma once

namespace pgcrew {

// In every encoding of the server these bytes are these characters.
constexpr bool is_control(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

} // namespace pgcrew
