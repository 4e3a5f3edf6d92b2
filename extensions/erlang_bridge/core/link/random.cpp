#include "core/link/random.hpp"

#include <cerrno>
#include <sys/random.h>
#include <system_error>

namespace pgcrew::erlang_bridge {

std::uint32_t system_random() {
    std::uint32_t bits = 0;
    // So few bytes come whole, or not at all when a signal came before the pool was ready.
    while (getrandom(&bits, sizeof bits, 0) != static_cast<ssize_t>(sizeof bits))
        if (errno != EINTR)
            throw std::system_error(errno, std::generic_category(), "getrandom");
    return bits;
}

} // namespace pgcrew::erlang_bridge
