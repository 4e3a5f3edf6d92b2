// Rare failures made to happen, in builds for tests only. The setting bgjob.fault names one for its
// session; bgjob.inject() gives a point of the program, in whatever process, something to do.
#pragma once
#include "pgcrew/postgres.hpp"

namespace pgcrew::bgjob {

#ifdef PGCREW_FAULT_POINTS
extern char *fault_name; // the setting bgjob.fault
inline bool fault(const char *name) noexcept {
    return fault_name != nullptr && strcmp(fault_name, name) == 0;
}
void fault_point(const char *name);
#else
inline bool fault(const char *) noexcept { return false; }
inline void fault_point(const char *) noexcept {}
#endif

} // namespace pgcrew::bgjob
