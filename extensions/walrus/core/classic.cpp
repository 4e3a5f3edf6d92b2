// The classic law, pg_walrus's rule: a look once per checkpoint_timeout.
#include "core/growth.hpp"

#include <algorithm>
#include <climits>

namespace pgcrew::walrus {

int classic_target(int current_mb, std::int64_t forced) noexcept {
    if (forced <= 0)
        return current_mb;
    const std::int64_t factor = std::min<std::int64_t>(forced, INT_MAX) + 1;
    return static_cast<int>(std::min<std::int64_t>(current_mb * factor, INT_MAX));
}

std::optional<Growth> classic_growth(const Config &config, const Environment &env, State &state,
                                     const Sample &sample, const Measurement &m) {
    if (!state.classic_look) {
        state.classic_look = sample; // only differences count
        return std::nullopt;
    }
    if (sample.at - state.classic_look->at < env.timeout_us)
        return std::nullopt;
    const std::uint64_t forced = sample.forced - state.classic_look->forced;
    state.classic_look = sample;
    if (forced < static_cast<std::uint64_t>(std::max(config.threshold, 1)))
        return std::nullopt;
    const auto count = static_cast<std::int64_t>(std::min<std::uint64_t>(forced, INT_MAX));
    return Growth{Reason::Forced, classic_target(env.current_mb, count), m.demand, 0};
}

} // namespace pgcrew::walrus
