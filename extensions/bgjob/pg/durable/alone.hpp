// What fails for one job stops neither the dispatcher nor what it does for the others.
#pragma once

namespace pgcrew::bgjob {

// In a catch block: writes the exception to the log, unless it is a conflict, which is over in a
// moment, or says what the last one said.
void log_of_one() noexcept;

// f(), which says whether it is done; false if it threw.
template <class F> bool alone(F f) {
    try {
        return f();
    } catch (...) {
        log_of_one();
    }
    return false;
}

} // namespace pgcrew::bgjob
