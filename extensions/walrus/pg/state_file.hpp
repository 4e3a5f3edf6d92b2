// What walrus remembers across restarts, in the file pg_stat/walrus.json of the data folder.
#pragma once
#include "core/remembered.hpp"

namespace pgcrew::walrus {

// Nothing when there is no file; a file that cannot be read or understood is a WARNING and nothing.
Remembered load_state();

// Replaces the file, durably; false and a WARNING where that fails.
bool save_state(const Remembered &);
} // namespace pgcrew::walrus
