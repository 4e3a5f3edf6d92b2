// No size below what the server can start with, none above what settings, disk and recovery allow.
#include "core/law.hpp"

#include <algorithm>
#include <climits>
#include <limits>

namespace pgcrew::walrus {
namespace {

constexpr std::int64_t unbounded = std::numeric_limits<std::int64_t>::max();

// Free space and what pg_wal already holds, less the WAL that no checkpoint removes.
std::int64_t disk_cap_mb(const Config &config, const Environment &env) noexcept {
    if (env.disk_free < 0)
        return unbounded;
    const double usual = env.own_filesystem ? 0.6 : 0.25;
    const double share = config.disk_share > 0 ? config.disk_share : usual;
    const double room = static_cast<double>(env.disk_free) + static_cast<double>(env.wal_used) -
                        static_cast<double>(env.wal_retained);
    return static_cast<std::int64_t>(std::max(0.0, share * room) / static_cast<double>(megabyte));
}

std::int64_t recovery_cap_mb(const Config &config, const Environment &env) noexcept {
    if (config.recovery_s <= 0 || env.replay_rate <= 0)
        return unbounded;
    const double bytes =
        static_cast<double>(config.recovery_s) * static_cast<double>(env.replay_rate);
    return static_cast<std::int64_t>(std::min(bytes / static_cast<double>(megabyte), 4e18));
}

} // namespace

Bounds bounds(const Config &config, const Environment &env) noexcept {
    const Geometry &g = env.geometry;
    const int floor =
        round_up_mb(std::max(2LL * g.segment_mb, static_cast<long long>(env.min_wal_size_mb)), g);
    std::int64_t cap = config.max_mb;
    Limit limit = Limit::Max;
    if (const std::int64_t disk = disk_cap_mb(config, env); disk < cap) {
        cap = disk;
        limit = Limit::Disk;
    }
    if (const std::int64_t recovery = recovery_cap_mb(config, env); recovery < cap) {
        cap = recovery;
        limit = Limit::Recovery;
    }
    return {floor, std::max(floor, round_down_mb(cap, g)), limit};
}

} // namespace pgcrew::walrus
