#include "pg/preview.hpp"

#include "pgcrew/boundary.hpp"

#include <climits>

extern "C" {
#include <mb/pg_wchar.h>
}

namespace pgcrew::bgjob {

std::string preview(std::string_view text, int limit) {
    if (text.size() <= static_cast<std::size_t>(limit))
        return std::string(text);
    const int dots = Min(limit, 3);
    const int kept = call([&] {
        return pg_mbcliplen(text.data(), static_cast<int>(Min(text.size(), INT_MAX)), limit - dots);
    });
    return std::string(text.substr(0, static_cast<std::size_t>(kept))) +
           std::string(static_cast<std::size_t>(dots), '.');
}

} // namespace pgcrew::bgjob
