#include "pg/recorder.hpp"

#include "core/explain.hpp"
#include "pg/messages.hpp"
#include "pg/settings.hpp"
#include "pg/shared.hpp"
#include "pgcrew/json.hpp"
#include "pgcrew/sqlstate.hpp"
#include "pgcrew/xact.hpp"

#include <algorithm>
#include <vector>

extern "C" {
#include <access/xact.h>
#include <commands/async.h>
#include <utils/guc.h>
}

namespace pgcrew::walrus {
namespace {

constexpr std::int64_t minute = 60'000'000, hour = 60 * minute, day = 24 * hour;

bool has_backlog() {
    Shared &s = *shared();
    const LockGuard guard(&s.lock, LW_SHARED);
    return s.recorded_event < s.last_event;
}

std::int64_t runs() {
    Shared &s = *shared();
    const LockGuard guard(&s.lock, LW_SHARED);
    return s.recorder_runs;
}

std::vector<Event> events_to_record() {
    std::vector<Event> events(Shared::ring);
    std::size_t n = 0;
    {
        Shared &s = *shared();
        const LockGuard guard(&s.lock, LW_SHARED);
        const std::int64_t first = std::max(s.recorded_event, s.last_event - Shared::ring) + 1;
        for (std::int64_t id = first; id <= s.last_event; ++id)
            events[n++] = s.events[id % Shared::ring];
    }
    events.resize(n);
    return events;
}

void finish(const std::vector<Event> &recorded) {
    Shared &s = *shared();
    const LockGuard guard(&s.lock, LW_EXCLUSIVE);
    ++s.recorder_runs;
    if (!recorded.empty())
        s.recorded_event = std::max(s.recorded_event, recorded.back().id);
}

Json details(const Event &e) {
    const Decision &d = e.decision;
    Json json = {{"want_mb", d.want_mb},
                 {"demand_bytes", d.demand},
                 {"trigger_bytes", d.trigger},
                 {"window_sec", d.window_us / 1'000'000},
                 {"timed", d.timed},
                 {"other", d.other},
                 {"extrapolated", !d.full_window},
                 {"cause", name(d.reason)}};
    if (limited(d))
        json["limit"] = name(d.limit);
    if (e.sqlstate != 0)
        json["sqlstate"] = SqlState(e.sqlstate).text();
    return json;
}

// The table belongs to an extension that may not be there.
bool has_history(Spi &spi) {
    return spi
        .execute(SpiOptions{.read_only = true},
                 "SELECT pg_catalog.to_regclass('walrus.history') IS NOT NULL")
        .get<bool>(0, 0);
}

void insert(Spi &spi, const Event &e) {
    spi.execute("INSERT INTO walrus.history (\"timestamp\", action, old_size_mb, new_size_mb, "
                "forced_checkpoints, checkpoint_timeout_sec, reason, metadata) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                Timestamp{e.at}, name(e.kind), e.old_mb, e.new_mb,
                static_cast<std::int64_t>(e.decision.forced),
                static_cast<std::int32_t>(e.timeout_us / 1'000'000), sentence(e),
                Jsonb{dump_json(details(e))});
}

void notify(const Event &e) {
    Json json = details(e);
    json["id"] = e.id;
    json["action"] = name(e.kind);
    json["old_size_mb"] = e.old_mb;
    json["new_size_mb"] = e.new_mb;
    json["reason"] = sentence(e);
    const std::string payload = dump_json(json);
    call([&] { Async_Notify(settings::notify_channel, payload.c_str()); });
}

void record(const std::vector<Event> &events) {
    in_transaction([&](Spi &spi) {
        if (has_history(spi)) {
            for (const Event &e : events)
                insert(spi, e);
            spi.execute("SELECT walrus.cleanup_history()");
        }
        if (*settings::notify_channel != '\0')
            for (const Event &e : events)
                notify(e);
    });
}
} // namespace

PGCREW_WORKER(walrus_recorder_main, OnTerm::Interrupt) {
    worker.connect(settings::database);
    call([] {
        SetConfigOption("search_path", "pg_catalog, pg_temp", PGC_SUSET, PGC_S_OVERRIDE);
        SetConfigOption("lock_timeout", "5s", PGC_SUSET, PGC_S_OVERRIDE);
    });
    const std::vector<Event> events = events_to_record();
    record(events);
    finish(events);
}

// Judges the recorder that ended: after a failure the next one waits, longer each time.
void Recorder::judge(std::int64_t now) {
    running_.reset();
    if (runs() != runs_before_) {
        failures_ = 0;
        cleaned_at_ = now;
        return;
    }
    if (failures_++ == 0)
        messages::history_failed(settings::database);
    next_try_ = now + std::min(hour, minute << std::min(failures_ - 1, 6));
}

void Recorder::start(std::int64_t now) {
    runs_before_ = runs();
    running_ = start_worker({.name = "pg_walrus recorder",
                             .type = "pg_walrus recorder",
                             .library = "walrus",
                             .entry = "walrus_recorder_main"});
    if (!running_)
        next_try_ = now + minute; // no slot is free
}

void Recorder::tick(std::int64_t now) {
    if (running_) {
        if (running_->status() != WorkerStatus::Stopped)
            return;
        judge(now);
    }
    if (cleaned_at_ == 0)
        cleaned_at_ = now;
    if (now >= next_try_ && (has_backlog() || now - cleaned_at_ >= day))
        start(now);
}
} // namespace pgcrew::walrus
