// Switches that make rare failures happen and time run faster, in builds for tests only.
#pragma once
#include "pgcrew/postgres.hpp"

namespace pgcrew::walrus {

#ifdef PGCREW_FAULT_POINTS
extern char *fault_name; // the setting walrus.fault
extern int clock_rate;   // the setting walrus.clock_rate
inline bool fault(const char *name) noexcept {
    return fault_name != nullptr && strcmp(fault_name, name) == 0;
}
#else
inline constexpr int clock_rate = 1;
inline bool fault(const char *) noexcept { return false; }
#endif

} // namespace pgcrew::walrus
