// Text into a fixed array of a plain struct, cut to what fits; always closed by a zero. What others
// shall read as text is to be cut between characters before (pg/clip.hpp).
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace pgcrew::bgjob {

template <std::size_t N> void copy_text(char (&to)[N], std::string_view from) noexcept {
    const std::size_t n = std::min(from.size(), N - 1);
    std::memcpy(to, from.data(), n);
    to[n] = '\0';
}

} // namespace pgcrew::bgjob
