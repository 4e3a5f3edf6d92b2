// Switches that make rare failures happen, in builds for tests only: bgjob.fault names one.
#pragma once
#include "pgcrew/postgres.hpp"

namespace pgcrew::bgjob {

#ifdef PGCREW_FAULT_POINTS
extern char *fault_name; // the setting bgjob.fault
inline bool fault(const char *name) noexcept {
    return fault_name != nullptr && strcmp(fault_name, name) == 0;
}
#else
inline bool fault(const char *) noexcept { return false; }
#endif

} // namespace pgcrew::bgjob
