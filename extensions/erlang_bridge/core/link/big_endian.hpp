// Numbers as the protocols of Erlang write them: highest byte first.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pgcrew::erlang_bridge {

template <class Number> void append_number(std::string &out, Number n) {
    for (int shift = 8 * (static_cast<int>(sizeof n) - 1); shift >= 0; shift -= 8)
        out.push_back(static_cast<char>((n >> shift) & 0xFF));
}

// The first bytes of `bytes`, which has that many.
template <class Number> Number number_at(std::string_view bytes) noexcept {
    std::uint64_t n = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i)
        n = n << 8U | static_cast<unsigned char>(bytes[i]);
    return static_cast<Number>(n);
}

} // namespace pgcrew::erlang_bridge
