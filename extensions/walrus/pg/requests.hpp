// What a session asks of the worker, which alone changes max_wal_size and the learned state.
#pragma once
#include "pg/shared.hpp"

#include <string>

namespace pgcrew::walrus {

struct Answer {
    Outcome outcome;
    int sqlstate; // packed; of Failed and Refused
    std::string message, hint;
    int old_mb, new_mb;
};

// Asks, and waits for the answer; one session at a time, the others queue. 55000 when walrus is not
// preloaded or its worker does not run.
Answer ask_worker(Request);

// For the worker: the request that waits, if any, and its answer.
Request next_request();
void answer(const Answer &);
} // namespace pgcrew::walrus
