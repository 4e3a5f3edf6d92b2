// ALTER SYSTEM for max_wal_size, and the reload after it; for the worker.
#pragma once

namespace pgcrew::walrus {

// Writes the line, in a transaction of its own. An exception leaves everything as it was.
void write_max_wal_size(int mb);
void remove_max_wal_size();

// Asks the postmaster to read the configuration again.
void reload_configuration();
} // namespace pgcrew::walrus
