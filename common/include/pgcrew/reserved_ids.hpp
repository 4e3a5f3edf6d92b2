// Numbers that are never given out twice in the life of a cluster: the highest one that may have
// been given out stands in a small file of the data directory, which is written ahead, once for
// many numbers. It is not flushed to disk: only a crash of the whole machine can bring numbers
// back.
#pragma once
#include "pgcrew/boundary.hpp"

namespace pgcrew {

// Plain C, for call(). A file that cannot be read or written is a WARNING; 0 if there is none.
int64 read_reserved_ids(const char *file);
void write_reserved_ids(const char *file, int64 highest);

} // namespace pgcrew
