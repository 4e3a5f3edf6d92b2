// Whether the peer still lives, and proof for it that we do: both sides send something at least
// each quarter of the tick time, and a side that hears nothing for the whole of it gives up.
#pragma once
#include "core/link/time.hpp"

#include <algorithm>

namespace pgcrew::erlang_bridge {

class Liveness {
  public:
    Liveness(Time tick_time, Time now) noexcept
        : tick_time_(tick_time), heard_at_(now), spoke_at_(now) {}

    void heard(Time now) noexcept { heard_at_ = now; }
    void spoke(Time now) noexcept { spoke_at_ = now; }

    bool silent(Time now) const noexcept { return now >= after(heard_at_, tick_time_); }
    bool tick_due(Time now) const noexcept { return now >= after(spoke_at_, tick_time_ / 4); }
    Time next_deadline() const noexcept {
        return std::min(after(heard_at_, tick_time_), after(spoke_at_, tick_time_ / 4));
    }

  private:
    Time tick_time_, heard_at_, spoke_at_;
};

} // namespace pgcrew::erlang_bridge
