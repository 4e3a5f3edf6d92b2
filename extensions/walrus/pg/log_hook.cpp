#include "pg/log_hook.hpp"

#include "core/causes.hpp"
#include "pg/shared.hpp"
#include "pgcrew/boundary.hpp"
#include "pgcrew/clock.hpp"

extern "C" {
#include <access/xlog_internal.h>
}

namespace pgcrew::walrus {
namespace {

emit_log_hook_type earlier_hook = nullptr;
std::uint64_t redo_began_at = 0; // in the startup process

void count(Shared &to, const CheckpointStart &start) {
    CauseCount &counter =
        (start.restartpoint ? to.restartpoints : to.checkpoints)[static_cast<int>(start.cause)];
    pg_atomic_write_u64(&counter.last_at, static_cast<uint64>(SystemClock().now()));
    pg_atomic_fetch_add_u64(&counter.count, 1);
}

// Recovery from an archive or of a standby is paced by others: only redo after a crash tells how
// fast this machine replays. Short ones tell nothing.
void learn_replay_rate(Shared &to, const RedoDone &done) {
    constexpr std::int64_t least_bytes = 8 * megabyte, least_us = 20'000;
    const auto bytes = static_cast<std::int64_t>(done.at - redo_began_at);
    if (ArchiveRecoveryRequested || redo_began_at == 0 || bytes < least_bytes ||
        done.elapsed_us < least_us)
        return;
    pg_atomic_write_u64(&to.replay_rate, static_cast<uint64>(static_cast<double>(bytes) * 1e6 /
                                                             static_cast<double>(done.elapsed_us)));
}

// Runs inside ereport(): no allocation, no lock, no message.
void on_log(ErrorData *message) {
    if (earlier_hook != nullptr)
        call([&] { earlier_hook(message); });
    const bool checkpointer = MyBackendType == B_CHECKPOINTER;
    if ((!checkpointer && MyBackendType != B_STARTUP) || message->message_id == nullptr ||
        message->message == nullptr)
        return;
    Shared *to = shared();
    if (to == nullptr)
        return;
    if (checkpointer) {
        if (const auto start = checkpoint_start(message->message_id, message->message))
            count(*to, *start);
    } else if (const auto at = redo_starts_at(message->message_id, message->message)) {
        redo_began_at = *at;
    } else if (const auto done = redo_done(message->message_id, message->message)) {
        learn_replay_rate(*to, *done);
    }
}
} // namespace

void install_log_hook() {
    earlier_hook = emit_log_hook;
    emit_log_hook = callback<&on_log>;
}
} // namespace pgcrew::walrus
