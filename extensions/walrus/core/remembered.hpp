// What outlives a restart, and its text in the state file. Times are microseconds since the Unix
// epoch, for the monotonic clock starts anew.
#pragma once
#include "core/demand.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgcrew::walrus {

struct Remembered {
    struct Original { // the setting before the first change
        bool was_set; // by ALTER SYSTEM
        int size_mb;
    };
    std::optional<Original> original;
    std::int64_t learning_since = 0; // 0: not yet
    std::vector<Peak> peaks;
    MinuteLog minutes;
    std::int64_t replay_rate = 0; // bytes a second, 0: not known
};

std::string to_text(const Remembered &);
Remembered remembered(std::string_view text); // Error when it is not what to_text() writes
} // namespace pgcrew::walrus
