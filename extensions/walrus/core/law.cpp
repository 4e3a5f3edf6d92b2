#include "core/law.hpp"

#include "core/growth.hpp"

#include <algorithm>
#include <cmath>

namespace pgcrew::walrus {
namespace {

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t hour = 3600 * second;
constexpr std::size_t most_changes = 1024;
constexpr double dead_band = 0.1;
constexpr double worth_shrinking = 2.0 / 3;

// A gap is no time without WAL: nobody looked.
bool must_restart(const State &state, const Environment &env, const Sample &sample) {
    if (state.window.samples.empty())
        return false;
    const Sample &last = state.window.samples.back();
    return state.window.timeout_us != env.timeout_us || state.in_recovery != env.in_recovery ||
           went_back(last, sample) || sample.at - last.at > std::max(env.timeout_us, 30 * second);
}

void restart(State &state, const Environment &env, const Sample &sample) {
    const Sample *last = state.window.samples.empty() ? nullptr : &state.window.samples.back();
    const std::int64_t pause =
        last != nullptr ? std::max<std::int64_t>(sample.at - last->at, 0) : 0;
    if (last != nullptr && state.window.timeout_us < env.timeout_us) {
        // A longer checkpoint_timeout meets at most as many times the WAL.
        const double scale =
            static_cast<double>(env.timeout_us) /
            static_cast<double>(std::max<std::int64_t>(state.window.timeout_us, 1));
        const auto scaled = [&](std::int64_t bytes) {
            return static_cast<std::int64_t>(std::min(static_cast<double>(bytes) * scale, 4e18));
        };
        for (Peak &peak : state.peaks.closed)
            peak.bytes = scaled(peak.bytes);
        state.peaks.open_peak = scaled(state.peaks.open_peak);
    }
    state.peaks.restart(sample, pause);
    state.last_change = std::min(state.last_change, sample.at);
    state.last_increase = std::min(state.last_increase, sample.at);
    for (std::int64_t &at : state.changes)
        at = std::min(at, sample.at);
    state.restart_window();
    state.window.timeout_us = env.timeout_us;
    state.window.add(sample);
}

// Until the next change may be made; 0: now.
struct Wait {
    std::int64_t us = 0;
    Reason reason = Reason::Enough;
};
Wait wait_for(const Config &config, const State &state, std::int64_t now) {
    const auto limit = static_cast<std::size_t>(std::max(config.max_changes_per_hour, 0));
    if (limit == 0)
        return {hour, Reason::HourlyLimit};
    if (state.changes.size() >= limit)
        return {state.changes[state.changes.size() - limit] + hour - now, Reason::HourlyLimit};
    const std::int64_t cooled = state.last_change + config.cooldown_s * second;
    if (state.last_change != 0 && now < cooled)
        return {cooled - now, Reason::Cooldown};
    return {};
}

// Advice stands until it is followed, or more of the same is needed: a load that comes and goes
// says nothing new each time.
bool is_news(const State &state, Action action, int target, int current) {
    const bool grows = action == Action::Increase;
    if (state.advised_mb == 0 || (state.advised_mb > current) != grows)
        return true;
    return grows ? target > state.advised_mb * (1 + dead_band)
                 : target < state.advised_mb * (1 - dead_band);
}

void recall_advice(const State &state, Decision &d) {
    if (!d.apply && state.advised_mb != 0)
        d.recommended_mb = state.advised_mb;
}

// The change, unless it has to wait or was advised already.
void decide(const Config &config, State &state, Action action, Reason reason, int target,
            Decision &d, std::int64_t now, std::int64_t timeout_us) {
    d.recommended_mb = target;
    d.refines = action == Action::Increase && state.last_increase != 0 &&
                now - state.last_increase <= timeout_us && config.max_changes_per_hour > 0;
    if (const Wait wait = wait_for(config, state, now); wait.us > 0 && !d.refines) {
        d.action = Action::Skipped;
        d.reason = wait.reason;
        d.wait_us = wait.us;
        return;
    }
    if (!d.apply) {
        const bool news = is_news(state, action, target, d.current_mb);
        state.advised_at = now;
        if (!news) {
            d.reason = Reason::Advised;
            d.recommended_mb = state.advised_mb;
            return;
        }
        state.advised_mb = target;
    }
    d.action = action;
    d.reason = reason;
    d.target_mb = target;
}

// Growth asked for, within the limits.
void grow(const Config &config, const Environment &env, State &state, const Growth &growth,
          Decision &d, std::int64_t now) {
    d.want_mb = growth.want_mb;
    d.demand = growth.demand;
    const int target =
        std::max(d.floor_mb, round_down_mb(std::min(growth.want_mb, d.cap_mb), env.geometry));
    if (target > d.current_mb * (1 + growth.dead_band)) {
        decide(config, state, Action::Increase, growth.reason, target, d, now, env.timeout_us);
    } else if (growth.want_mb > d.cap_mb) {
        d.action = Action::Capped;
        d.reason = growth.reason;
        d.recommended_mb = std::max(target, std::min(d.current_mb, d.cap_mb));
    } else {
        d.reason = Reason::Deadband;
    }
}

// Rarely, late, and never below what the whole lookback needed, so that a smaller size cannot force
// a checkpoint that has been seen coming. A size once reached costs no disk under a steady load, so
// only a third less is worth a change: room taken while extrapolating is not given back later.
void shrink(const Config &config, const Environment &env, State &state, Decision &d,
            std::int64_t now) {
    if (!config.shrink || !state.peaks.spans(now, config.lookback_us))
        return;
    const int floor = std::max({config.min_size_mb, state.external_mb, d.floor_mb});
    const auto allowed = [&](int mb) {
        return std::min(round_up_mb(std::max(mb, floor), env.geometry), d.cap_mb);
    };
    const int low = roomy_mb(std::max(d.peak, d.demand), env.geometry);
    if (allowed(low) > d.current_mb * worth_shrinking || allowed(low) < state.external_mb)
        return;
    d.recommended_mb = allowed(low);
    if (state.peaks.quiet < std::max(config.shrink_intervals, 1))
        return;
    const int step = static_cast<int>(std::ceil(d.current_mb * config.shrink_factor));
    const int target = allowed(std::max(low, step));
    if (target <= d.current_mb * (1 - dead_band))
        decide(config, state, Action::Decrease, Reason::LowDemand, target, d, now, env.timeout_us);
}

void describe(const Config &config, const Environment &env, const State &state, Decision &d) {
    const Bounds b = bounds(config, env);
    d.current_mb = d.target_mb = d.recommended_mb = env.current_mb;
    d.floor_mb = b.floor_mb;
    d.cap_mb = b.cap_mb;
    d.limit = b.limit;
    d.apply = !config.advise && !env.in_recovery;
    d.trigger = trigger_bytes(env.current_mb, env.geometry);
    d.peak = state.peaks.most();
    d.quiet_intervals = state.peaks.quiet;
    d.changes_this_hour = static_cast<int>(state.changes.size());
    recall_advice(state, d);
}

void describe(const Measurement &m, const Environment &env, const State &state, Decision &d) {
    d.full_window = m.full;
    d.window_us = m.window_us;
    d.demand = m.demand;
    d.forced = m.forced;
    d.timed = m.timed;
    d.other = m.other;
    d.peak = state.peaks.most();
    d.quiet_intervals = state.peaks.quiet;
    if (m.known)
        d.want_mb = roomy_mb(std::max(m.demand, d.peak), env.geometry);
}

} // namespace

Decision step(const Config &config, const Environment &env, State &state, const Sample &sample) {
    while (!state.changes.empty() && state.changes.front() <= sample.at - hour)
        state.changes.pop_front();
    const bool by_others = state.known_mb != 0 && state.known_mb != env.current_mb;
    if (by_others || sample.at - state.advised_at > config.lookback_us)
        state.advised_mb = 0;
    Decision d;
    describe(config, env, state, d);
    state.known_mb = env.current_mb;
    const bool anew = by_others || must_restart(state, env, sample);
    state.in_recovery = env.in_recovery;
    if (anew) {
        restart(state, env, sample);
        d.reason = by_others ? Reason::ExternalChange : Reason::WindowRestarted;
        if (by_others)
            state.external_mb = env.current_mb;
        return d;
    }
    const bool seen = !state.window.samples.empty() && state.window.samples.back().at == sample.at;
    if (!seen) {
        state.window.timeout_us = env.timeout_us;
        state.window.add(sample);
    }
    const Measurement m = measure(state.window, env.timeout_us);
    if (!seen)
        state.peaks.add(sample, m.full ? m.demand : 0, env.timeout_us, config.lookback_us);
    describe(m, env, state, d);
    if (seen) {
        d.reason = m.known ? Reason::Enough : Reason::WarmingUp;
        return d;
    }
    const auto growth = config.algorithm == Algorithm::Classic
                            ? classic_growth(config, env, state, sample, m)
                            : rate_growth(config, env, state, m);
    if (!m.known && !growth)
        return d;
    d.reason = Reason::Enough;
    if (growth)
        grow(config, env, state, *growth, d, sample.at);
    else
        shrink(config, env, state, d, sample.at);
    if (d.action == Action::Hold)
        recall_advice(state, d);
    return d;
}

void applied(State &state, const Decision &d, std::int64_t at) {
    state.known_mb = d.target_mb;
    state.advised_mb = 0;
    state.last_change = at;
    state.peaks.quiet = 0;
    if (!state.window.samples.empty())
        state.evidence = state.window.samples.back();
    if (d.refines)
        return;
    if (d.action == Action::Increase)
        state.last_increase = at;
    state.changes.push_back(at);
    if (state.changes.size() > most_changes)
        state.changes.pop_front();
}

} // namespace pgcrew::walrus
