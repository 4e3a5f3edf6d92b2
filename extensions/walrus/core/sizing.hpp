// PostgreSQL's checkpoint arithmetic: CalculateCheckpointSegments() and XLogCheckpointNeeded() of
// src/backend/access/transam/xlog.c, and its inverse. Sizes of max_wal_size are in MB.
#pragma once
#include <cstdint>

namespace pgcrew::walrus {

inline constexpr std::int64_t megabyte = 1024LL * 1024;

struct Geometry {
    int segment_mb = 16;            // wal_segment_size, 1 to 1024
    double completion_target = 0.9; // checkpoint_completion_target, 0 to 1
};

// WAL segments between two checkpoints forced by WAL; at least 1.
int checkpoint_segments(int max_wal_size_mb, const Geometry &) noexcept;

// WAL after the last redo point that forces a checkpoint, in bytes.
std::int64_t trigger_bytes(int max_wal_size_mb, const Geometry &) noexcept;

// The least max_wal_size that `demand` bytes of WAL per checkpoint_timeout do not force: a multiple
// of a segment, saturating at the largest one below INT_MAX.
int need_mb(std::int64_t demand, const Geometry &) noexcept;

// The largest multiple of a segment not above `mb`.
int round_down_mb(std::int64_t mb, const Geometry &) noexcept;
int round_up_mb(std::int64_t mb, const Geometry &) noexcept; // saturating
} // namespace pgcrew::walrus
