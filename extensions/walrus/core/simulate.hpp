// What-if: the checkpoints that recorded demand would have caused under another max_wal_size and
// checkpoint_timeout. WAL counts as recorded, with its full-page images: as fewer checkpoints write
// fewer images, the answer is an upper bound for larger values.
#pragma once
#include "core/demand.hpp"
#include "core/sizing.hpp"

namespace pgcrew::walrus {

struct Forecast {
    int minutes = 0;           // recorded
    std::int64_t wal = 0;      // bytes in them
    double forced_per_day = 0; // checkpoints by WAL
    double timed_per_day = 0;
    std::int64_t most_between = 0; // most WAL between two checkpoints, bytes
    int need_mb = 0;               // least max_wal_size without any forced one at that timeout
};

Forecast simulate(const MinuteLog &, int max_wal_size_mb, std::int64_t timeout_us,
                  const Geometry &);
} // namespace pgcrew::walrus
