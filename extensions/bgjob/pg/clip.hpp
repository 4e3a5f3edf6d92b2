// Text cut to so many bytes, but never within a character.
#pragma once
#include "pgcrew/boundary.hpp"

#include <limits>
#include <string>

extern "C" {
#include <mb/pg_wchar.h>
}

namespace pgcrew::bgjob {

inline std::string clipped(std::string text, std::size_t most) {
    if (text.size() > most)
        text.resize(static_cast<std::size_t>(call([&] {
            constexpr std::size_t longest = std::numeric_limits<int>::max();
            return pg_mbcliplen(text.data(), static_cast<int>(Min(text.size(), longest)),
                                static_cast<int>(most));
        })));
    return text;
}

} // namespace pgcrew::bgjob
