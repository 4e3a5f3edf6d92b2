#include "pgcrew/sqlstate.hpp"

namespace pgcrew {

std::string SqlState::text() const {
    std::string out(5, '0');
    int rest = packed_;
    for (char &c : out) {
        c = static_cast<char>((rest & 0x3F) + '0');
        rest >>= 6;
    }
    return out;
}
} // namespace pgcrew
