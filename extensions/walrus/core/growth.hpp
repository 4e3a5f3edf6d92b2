// What an algorithm asks for: a larger max_wal_size, before limits, cooldown and mode are looked
// at.
#pragma once
#include "core/law.hpp"

#include <optional>

namespace pgcrew::walrus {

struct Growth {
    Reason reason;
    int want_mb;
    std::int64_t demand; // bytes per checkpoint_timeout that want it
    double dead_band;    // a smaller step, as a share of the current size, is not worth a change
};
std::optional<Growth> rate_growth(const Config &, const Environment &, const State &,
                                  const Measurement &);
std::optional<Growth> classic_growth(const Config &, const Environment &, State &, const Sample &,
                                     const Measurement &);

// The size for a demand that was measured, with room to spare.
int roomy_mb(std::int64_t demand, const Geometry &) noexcept;
} // namespace pgcrew::walrus
