// Looks at the server: locations, counts, settings and the disk, once for each tick.
#pragma once
#include "core/law.hpp"
#include "pgcrew/clock.hpp"

#include <optional>

namespace pgcrew::walrus {

struct Look {
    Sample sample;
    Environment environment;
    bool exact_causes = false;  // the log hook sees the checkpoints; else they are inferred
    std::int64_t requested = 0; // checkpoints not by time, by the server's own statistics
};

class Sampler {
  public:
    // Empty: the server's statistics cannot be read.
    std::optional<Look> look(const Clock &);

  private:
    void look_at_disk(Environment &, std::int64_t now);
    void infer_checkpoint(const Environment &, bool exact);

    std::uint64_t redo_ = 0; // at the last look
    std::int64_t disk_seen_at_ = 0;
    Environment disk_; // as seen then
};
} // namespace pgcrew::walrus
