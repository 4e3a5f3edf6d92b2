// The rate law: max_wal_size from the WAL written per checkpoint_timeout.
//
// The figures below were chosen by simulation, over constant loads from 0.2 to 100 MB/s and the
// traces of tests/unit/walrus/plant.hpp: few changes, no checkpoint forced once they are made, and
// little more than was needed.
#include "core/growth.hpp"

#include <algorithm>

namespace pgcrew::walrus {
namespace {

constexpr double headroom = 1.2;
// The second change within an hour on measured demand means that demand rises: a load that grows
// over half a day takes 12 changes instead of 22.
constexpr double rising_headroom = 1.5;
// While extrapolating, images still to come count as nearly as many as those seen: with fewer a
// constant load took more changes, with more it got over twice what it needed.
constexpr double images_to_come = 0.9;

constexpr double high_utilisation = 0.85; // of the trigger, by measured demand
constexpr double half_way = 0.5;          // to the trigger, when a projection counts
constexpr double most_projection = 2;     // times what was measured
constexpr double dead_band = 0.1;

// After a change only what came since tells that it was too small, and then one checkpoint does.
bool forced_enough(const Config &config, const State &state, const Measurement &m) {
    const auto &samples = state.window.samples;
    if (state.evidence && state.evidence->at >= samples.front().at)
        return samples.back().forced > state.evidence->forced;
    return m.forced >= static_cast<std::uint64_t>(std::max(config.threshold, 1));
}

double room(const State &state, const Measurement &m, std::int64_t timeout_us) {
    const bool just_changed = state.window.samples.back().at - state.last_change <= timeout_us;
    return m.full && !state.changes.empty() && !just_changed ? rising_headroom : headroom;
}

} // namespace

int roomy_mb(std::int64_t demand, const Geometry &geometry) noexcept {
    return need_mb(static_cast<std::int64_t>(static_cast<double>(demand) * headroom), geometry);
}

std::optional<Growth> rate_growth(const Config &config, const Environment &env, const State &state,
                                  const Measurement &m) {
    if (!m.known)
        return std::nullopt;
    const auto trigger = static_cast<double>(trigger_bytes(env.current_mb, env.geometry));
    const auto measured = static_cast<double>(m.demand);
    const auto cycle = static_cast<double>(m.since_checkpoint);
    const auto projected = static_cast<double>(m.projected);
    const bool forced = forced_enough(config, state, m);
    const bool high = m.full && measured >= high_utilisation * trigger;
    // Acts before the first forced checkpoint: at this pace the cycle under way will end in one.
    const bool coming = cycle >= half_way * trigger && projected >= trigger;
    if (!forced && !high && !coming)
        return std::nullopt;
    double demand = measured;
    if (coming) {
        // A burst raises a projection far above what a whole checkpoint_timeout brings.
        const double bound = (m.full ? most_projection : 1) * std::max(measured, cycle);
        demand = std::max(demand, std::min(projected, bound));
    }
    const double to_come = m.full ? 0 : images_to_come * static_cast<double>(m.images);
    const double wanted = (demand + to_come) * room(state, m, env.timeout_us);
    return Growth{forced ? Reason::Forced : Reason::HighUtilisation,
                  need_mb(static_cast<std::int64_t>(std::min(wanted, 4e18)), env.geometry),
                  static_cast<std::int64_t>(demand), dead_band};
}

} // namespace pgcrew::walrus
