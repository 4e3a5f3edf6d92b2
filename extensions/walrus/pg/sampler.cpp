#include "pg/sampler.hpp"

#include "core/causes.hpp"
#include "pg/disk.hpp"
#include "pg/fault.hpp"
#include "pg/shared.hpp"
#include "pgcrew/compat.hpp"

#include <algorithm>

extern "C" {
#include <access/xlog.h>
#include <access/xlogrecovery.h>
#include <pgstat.h>
#include <postmaster/bgwriter.h>
}

namespace pgcrew::walrus {
namespace {

struct Statistics {
    bool known;
    std::int64_t images, requested;
};

Statistics statistics() {
    return call([] {
        pgstat_clear_snapshot(); // else the first answer is kept
        const PgStat_WalStats *wal = pgstat_fetch_stat_wal();
        const PgStat_CheckpointerStats *checkpointer = pgstat_fetch_stat_checkpointer();
        if (wal == nullptr || checkpointer == nullptr || fault("statistics"))
            return Statistics{};
        return Statistics{true, compat::full_page_image_bytes(*wal),
                          compat::requested_checkpoints(*checkpointer)};
    });
}

std::uint64_t total(Shared &s, Cause cause) {
    const int i = static_cast<int>(cause);
    return pg_atomic_read_u64(&s.checkpoints[i].count) +
           pg_atomic_read_u64(&s.restartpoints[i].count) + pg_atomic_read_u64(&s.inferred[i]);
}

// LogCheckpointStart() is called, and its line gets as far as the log hook.
bool checkpoints_are_logged() noexcept {
    const int level = compat::checkpointer_log_level();
    return log_checkpoints && level != FATAL && level != PANIC;
}
} // namespace

// Stands in for the hook: the redo point moved, was it by the distance that WAL forces?
void Sampler::infer_checkpoint(const Environment &environment, bool exact) {
    const std::uint64_t redo = call([] { return GetRedoRecPtr(); });
    const std::uint64_t before = std::exchange(redo_, redo);
    if (exact || before == 0 || redo <= before)
        return;
    const bool forced = forced_by_wal(static_cast<std::int64_t>(redo - before),
                                      trigger_bytes(environment.current_mb, environment.geometry),
                                      environment.geometry.segment_mb);
    pg_atomic_fetch_add_u64(
        &shared()->inferred[static_cast<int>(forced ? Cause::Wal : Cause::Other)], 1);
}

void Sampler::look_at_disk(Environment &environment, std::int64_t now) {
    constexpr std::int64_t keep_us = 30'000'000; // counting files costs more than all else
    if (disk_seen_at_ == 0 || now - disk_seen_at_ >= keep_us) {
        disk_ = environment;
        read_disk(disk_);
        disk_seen_at_ = now;
    }
    environment.disk_free = disk_.disk_free;
    environment.wal_used = disk_.wal_used;
    environment.wal_retained = disk_.wal_retained;
    environment.own_filesystem = disk_.own_filesystem;
}

std::optional<Look> Sampler::look(const Clock &clock) {
    const Statistics stats = statistics();
    if (!stats.known)
        return std::nullopt;
    Shared &s = *shared();
    Look look;
    look.requested = stats.requested;
    look.exact_causes = checkpoints_are_logged();

    Environment &environment = look.environment;
    environment.geometry = {wal_segment_size / static_cast<int>(megabyte),
                            CheckPointCompletionTarget};
    environment.timeout_us = CheckPointTimeout * 1'000'000LL;
    environment.current_mb = max_wal_size_mb;
    environment.min_wal_size_mb = min_wal_size_mb;
    environment.in_recovery = call([] { return RecoveryInProgress(); });

    Sample &sample = look.sample;
    sample.at = clock.monotonic();
    sample.lsn = call([&] {
        return environment.in_recovery ? GetXLogReplayRecPtr(nullptr) : GetXLogInsertRecPtr();
    });
    look_at_disk(environment, sample.at);
    infer_checkpoint(environment, look.exact_causes);
    environment.replay_rate = static_cast<std::int64_t>(pg_atomic_read_u64(&s.replay_rate));

    sample.fpi = stats.images;
    sample.forced = total(s, Cause::Wal);
    sample.timed = total(s, Cause::Time);
    sample.other = total(s, Cause::Other);
    return look;
}
} // namespace pgcrew::walrus
