// Forgets results of launched jobs that nobody fetched in time, and the oldest when there are too
// many.
#pragma once
#include "pg/registry.hpp"

#include <chrono>

namespace pgcrew::bgjob {

class ExpiredResults : NoCopy {
  public:
    // Returns the time until the next look.
    std::chrono::milliseconds forget();

  private:
    TimestampTz next_look_ = 0;
};

} // namespace pgcrew::bgjob
