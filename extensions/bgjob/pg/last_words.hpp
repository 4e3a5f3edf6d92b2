// The FATAL that ends this process: its exit callbacks tell others what it was.
#pragma once
#include "pgcrew/postgres.hpp"

namespace pgcrew::bgjob {

struct LastWords {
    int sqlstate; // packed; 0: it does not end by a FATAL
    char message[512];
};

// From here on the process keeps them in mind.
void keep_last_words();
const LastWords &last_words() noexcept;

} // namespace pgcrew::bgjob
