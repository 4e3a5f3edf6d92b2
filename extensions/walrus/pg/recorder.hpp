// Writes events to walrus.history and notifies listeners: a short-lived worker of its own, so that
// no missing database, table or disk space ever stops the one that sizes max_wal_size.
#pragma once
#include "pgcrew/worker.hpp"

#include <cstdint>
#include <optional>

namespace pgcrew::walrus {

// For the main worker: starts a recorder when there is something to record, and not too often when
// that fails. Times are monotonic microseconds.
class Recorder {
  public:
    void tick(std::int64_t now);

  private:
    void judge(std::int64_t now);
    void start(std::int64_t now);

    std::optional<WorkerHandle> running_;
    std::int64_t runs_before_ = 0, cleaned_at_ = 0, next_try_ = 0;
    int failures_ = 0; // in a row
};
} // namespace pgcrew::walrus
