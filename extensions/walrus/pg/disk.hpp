// The disk below pg_wal: what is free, what WAL takes, and what of that is kept for others.
#pragma once
#include "core/law.hpp"

namespace pgcrew::walrus {
// Fills disk_free, wal_used, wal_retained and own_filesystem; needs geometry.
void read_disk(Environment &);
} // namespace pgcrew::walrus
