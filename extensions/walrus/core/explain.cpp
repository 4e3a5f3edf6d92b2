#include "core/explain.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace pgcrew::walrus {
namespace {

std::string size(int mb) { return pretty_bytes(mb * megabyte); }

std::string count(std::uint64_t n, const char *thing) {
    return std::to_string(n) + " " + thing + (n == 1 ? "" : "s");
}

// "45 s", "5 min", "3 h": rounded, and in the larger unit only from two of them on.
std::string duration(std::int64_t us) {
    const std::int64_t s = (us + 500'000) / 1'000'000;
    if (s < 120)
        return std::to_string(s) + " s";
    if (s < 7200)
        return std::to_string((s + 30) / 60) + " min";
    return std::to_string((s + 1800) / 3600) + " h";
}

std::string percent(double share) { return std::to_string(std::lround(share * 100)) + " %"; }

// How much WAL comes, and what of it is measured.
std::string demand(const Decision &d) {
    return pretty_bytes(d.demand) + (d.full_window ? " of WAL per checkpoint_timeout"
                                                   : " of WAL expected per checkpoint_timeout");
}

std::string evidence(const Decision &d) {
    if (d.reason == Reason::Forced)
        return "WAL forced " + count(d.forced, "checkpoint") + " in the last " +
               duration(d.window_us) + "; " + demand(d);
    return demand(d) + (d.demand >= d.trigger ? " exceeds the " : " comes close to the ") +
           pretty_bytes(d.trigger) + " that force a checkpoint; it";
}

std::string held(const Decision &d) {
    switch (d.reason) {
    case Reason::WarmingUp:
        return "watching; " + duration(d.window_us) + " are too short to judge the demand";
    case Reason::WindowRestarted:
        return "measuring starts anew: a counter, the WAL location or the clock went back, "
               "checkpoint_timeout changed, or nobody looked for a while";
    case Reason::ExternalChange:
        return "somebody else set max_wal_size to " + size(d.current_mb) +
               "; measuring starts anew from there";
    case Reason::Deadband:
        return demand(d) + " needs " + size(d.want_mb) + ", too close to " + size(d.current_mb) +
               " to be worth a change";
    case Reason::Advised:
        return demand(d) + "; " + size(d.recommended_mb) + " is still the advice";
    default:
        if (d.forced > 0)
            return "WAL forced " + count(d.forced, "checkpoint") + " in the last " +
                   duration(d.window_us) + "; " + demand(d) + ", nothing to change now";
        return demand(d) + "; " + pretty_bytes(d.trigger) + " force a checkpoint, so " +
               size(d.current_mb) + " is enough";
    }
}

std::string limited_to(const Decision &d) {
    return d.want_mb > d.cap_mb
               ? ", of which " + std::string(name(d.limit)) + " allows " + size(d.cap_mb)
               : std::string();
}

// min_wal_size and checkpoint_timeout as one writes them.
std::string setting_seconds(std::int64_t us) {
    const std::int64_t s = us / 1'000'000;
    return s % 60 == 0 ? std::to_string(s / 60) + "min" : std::to_string(s) + "s";
}

std::string setting_mb(int mb) {
    return mb % 1024 == 0 ? std::to_string(mb / 1024) + "GB" : std::to_string(mb) + "MB";
}

void advise_maximum(const AdviceInput &in, std::vector<Advice> &list) {
    const Decision &d = in.decision;
    if (d.want_mb <= d.cap_mb || d.limit != Limit::Max)
        return;
    Config unlimited = in.config;
    unlimited.max_mb = round_down_mb(INT32_MAX, in.environment.geometry);
    const Bounds allowed = bounds(unlimited, in.environment);
    std::string why =
        "the demand needs " + size(d.want_mb) + ", walrus.max is " + size(in.config.max_mb);
    if (allowed.limit != Limit::Max)
        why += std::string(", ") +
               (allowed.limit == Limit::Disk ? "the disk" : "the recovery budget") + " allows " +
               size(allowed.cap_mb);
    list.push_back({"walrus.max", setting_mb(std::min(d.want_mb, allowed.cap_mb)), why});
}

void advise_images(const AdviceInput &in, std::vector<Advice> &list) {
    constexpr std::int64_t hour = 3600LL * 1'000'000;
    const std::int64_t timeout = in.environment.timeout_us;
    const Decision &d = in.decision;
    const bool timed_only = d.full_window && d.forced == 0 && d.demand < d.trigger;
    if (in.image_share > 0.5 && timed_only && timeout * 2 <= hour)
        list.push_back({"checkpoint_timeout", setting_seconds(timeout * 2),
                        percent(in.image_share) +
                            " of the WAL are full-page images, though checkpoints come by time; "
                            "rarer ones write fewer, and crash recovery takes longer"});
    if (in.image_share > 0.3 && !in.wal_compression)
        list.push_back(
            {"wal_compression", "on",
             percent(in.image_share) + " of the WAL are full-page images, which it makes smaller"});
}

// Segments kept from the last busy time are reused by the next one; others have to be created.
void advise_minimum(const AdviceInput &in, std::vector<Advice> &list) {
    const Decision &d = in.decision;
    const int current = in.environment.min_wal_size_mb;
    const auto peak_mb = std::min<std::int64_t>(d.peak / megabyte, d.current_mb);
    const int better = round_down_mb(peak_mb, in.environment.geometry);
    if (better < 4LL * current || d.demand > d.peak / 2)
        return;
    list.push_back(
        {"min_wal_size", setting_mb(better),
         "busy times write " + pretty_bytes(d.peak) +
             " per checkpoint_timeout, quiet ones half of it or less; segments kept between "
             "them need not be created again"});
}

} // namespace

const char *name(Action action) noexcept {
    constexpr std::array names{"hold", "increase", "decrease", "capped", "skipped"};
    return names.at(static_cast<std::size_t>(action));
}

const char *name(Reason reason) noexcept {
    constexpr std::array names{"enough",          "warming_up", "window_restarted",
                               "external_change", "forced",     "high_utilisation",
                               "low_demand",      "deadband",   "cooldown",
                               "hourly_limit",    "advised"};
    return names.at(static_cast<std::size_t>(reason));
}

const char *name(Limit limit) noexcept {
    constexpr std::array names{"", "walrus.max", "disk", "recovery"};
    return names.at(static_cast<std::size_t>(limit));
}

std::string sentence(const Decision &d) {
    switch (d.action) {
    case Action::Hold:
        return held(d);
    case Action::Increase:
    case Action::Capped:
        return evidence(d) + " needs " + size(d.want_mb) + limited_to(d);
    case Action::Decrease:
        return "no checkpoint was forced for " +
               count(static_cast<std::uint64_t>(d.quiet_intervals), "interval") +
               " of checkpoint_timeout, and the most WAL in one of them was " +
               pretty_bytes(d.peak);
    case Action::Skipped:
        return demand(d) + "; the change to " + size(d.recommended_mb) + " waits " +
               duration(d.wait_us) +
               (d.reason == Reason::Cooldown ? " for walrus.cooldown_sec"
                                             : " for walrus.max_changes_per_hour");
    }
    return {};
}

std::string unbind(const Decision &d, const Config &config, const Environment &env) {
    if (d.want_mb <= d.cap_mb)
        return {};
    switch (d.limit) {
    case Limit::Max:
        return "Set walrus.max to " + setting_mb(d.want_mb) + " or more.";
    case Limit::Disk:
        if (env.wal_retained > env.wal_used / 2)
            return "Find out why " + pretty_bytes(env.wal_retained) +
                   " of WAL are kept for replication slots, the archiver or wal_keep_size.";
        return "Give pg_wal a larger disk, or raise walrus.disk_share.";
    case Limit::Recovery: {
        const double s =
            d.want_mb * static_cast<double>(megabyte) / static_cast<double>(env.replay_rate);
        return "Raise walrus.recovery_budget from " + std::to_string(config.recovery_s) + " s to " +
               std::to_string(static_cast<std::int64_t>(std::ceil(s))) + " s.";
    }
    case Limit::None:
        break;
    }
    return {};
}

std::string statement_to_set(int mb) {
    return "ALTER SYSTEM SET max_wal_size = '" + std::to_string(mb) +
           "MB'; SELECT pg_reload_conf();";
}

std::vector<Advice> advice(const AdviceInput &in) {
    std::vector<Advice> list;
    advise_maximum(in, list);
    advise_images(in, list);
    advise_minimum(in, list);
    if (in.retained_fills_disk)
        list.push_back(
            {"max_slot_wal_keep_size", setting_mb(in.decision.cap_mb),
             pretty_bytes(in.environment.wal_retained) +
                 " of WAL are kept for replication slots, the archiver or wal_keep_size, which "
                 "max_wal_size does not limit"});
    return list;
}

std::string pretty_bytes(std::int64_t bytes) {
    constexpr std::array units{"kB", "MB", "GB", "TB"};
    if (bytes < 1024)
        return std::to_string(bytes) + " bytes";
    double value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (value >= 1023.95 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    std::array<char, 32> text{};
    const bool whole = value >= 99.95 || std::abs(value - std::round(value)) < 0.05;
    std::snprintf(text.data(), text.size(), whole ? "%.0f %s" : "%.1f %s", value, units.at(unit));
    return text.data();
}

} // namespace pgcrew::walrus
