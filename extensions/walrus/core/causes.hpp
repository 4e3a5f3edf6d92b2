// What the server's own log lines tell: why a checkpoint started, and how fast redo went.
// The identity of a message is its untranslated format (ErrorData.message_id); the flag words are
// arguments, which no language translates: LogCheckpointStart() in
// src/backend/access/transam/xlog.c.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace pgcrew::walrus {

enum class Cause { Wal, Time, Other }; // Other: asked for by a command, backup, shutdown, recovery
inline constexpr int causes = 3;

struct CheckpointStart {
    Cause cause;
    bool restartpoint; // of a standby
};

// Empty: the message is no start of a checkpoint. A start by WAL and by something else counts as
// WAL.
std::optional<CheckpointStart> checkpoint_start(std::string_view message_id,
                                                std::string_view message) noexcept;

// The location within a redo message: "redo starts at %X/%X", "redo done at %X/%X system usage: …".
std::optional<std::uint64_t> redo_starts_at(std::string_view message_id,
                                            std::string_view message) noexcept;
struct RedoDone {
    std::uint64_t at;
    std::int64_t elapsed_us;
};
std::optional<RedoDone> redo_done(std::string_view message_id, std::string_view message) noexcept;

// For servers that do not log checkpoints: did WAL force the checkpoint that moved the redo point
// by `advance` bytes? `trigger` is trigger_bytes(); one segment of slack, for the server looks at
// whole segments.
bool forced_by_wal(std::int64_t advance, std::int64_t trigger, int segment_mb) noexcept;
} // namespace pgcrew::walrus
