#include "pg/bridge_start.hpp"

#include "pg/settings.hpp"
#include "pgcrew/worker.hpp"

extern "C" {
#include <utils/timestamp.h>
}

namespace pgcrew::erlang_bridge {
namespace {

constexpr int64 start_limit_us = 5'000'000;

bool preloaded = false;

WorkerSpec spec(int seat) {
    return {.name = "erlang_bridge worker " + std::to_string(seat + 1),
            .type = "erlang_bridge worker",
            .library = "erlang_bridge",
            .entry = "erlang_bridge_worker_main",
            .restart_after = std::chrono::seconds(1),
            .arg = Int32GetDatum(seat),
            .extra = {},
            .start_time = WorkerSpec::Start::ConsistentState,
            .database_connection = true}; // to none: for its row in pg_stat_activity
}

} // namespace

void register_workers() {
    preloaded = true;
    for (int seat = 0; seat < settings::workers; ++seat)
        register_worker(spec(seat));
}

bool start_starter() {
    return start_worker({.name = "erlang_bridge starter",
                         .type = "erlang_bridge starter",
                         .library = "erlang_bridge",
                         .entry = "erlang_bridge_starter_main",
                         .extra = {},
                         .start_time = WorkerSpec::Start::ConsistentState})
        .has_value();
}

bool ensure_worker(int seat) {
    if (bridge().seats[seat].proc != nullptr || preloaded)
        return true;
    {
        const Locked locked(LW_EXCLUSIVE);
        WorkerSeat &own = bridge().seats[seat];
        const TimestampTz now = GetCurrentTimestamp();
        if (own.proc != nullptr || (own.starting != 0 && now - own.starting < start_limit_us))
            return true;
        own.starting = now;
    }
    if (start_worker(spec(seat)))
        return true;
    const Locked locked(LW_EXCLUSIVE);
    bridge().seats[seat].starting = 0;
    return false;
}

} // namespace pgcrew::erlang_bridge
