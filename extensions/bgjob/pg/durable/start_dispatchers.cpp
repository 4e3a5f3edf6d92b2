// When which database has a dispatcher: it is started when there may be something to do, or at the
// time that the last one left behind. All of them together take half of the server's worker slots
// at most, so that there are workers for what they find; where that is too few they take turns.
#include "pg/durable/dispatcher.hpp"
#include "pg/durable/tickets.hpp"
#include "pg/supervisor.hpp"
#include "pgcrew/worker.hpp"

#include <algorithm>

extern "C" {
#include <miscadmin.h>
#include <storage/latch.h>
#include <storage/proc.h>
}

namespace pgcrew::bgjob {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds look_again{100}; // while some wait for others to leave
constexpr int64 start_limit_us = 10'000'000;
constexpr int64 least_service_us = 1'000'000; // before one gives way

int most_dispatchers() noexcept { return Max(1, max_worker_processes / 2); }

bool is_up(const DurableDatabase &entry, TimestampTz now) noexcept {
    return entry.dispatcher != nullptr || (entry.starting && now < entry.not_before);
}

struct Candidate {
    TimestampTz started_at;
    Oid database;
};

struct Census {
    int up = 0;
    TimestampTz next = DT_NOEND; // when to look again
    std::vector<Candidate> due;
};

Census count_dispatchers(const Locked &, TimestampTz now) {
    Census census;
    census.due.reserve(64); // others come next time
    Census *const c = &census;
    for_each_durable_database([c, now](DurableDatabase &entry) {
        if (entry.start_at <= now) {
            entry.start_at = DT_NOEND;
            entry.wanted = true;
        }
        if (is_up(entry, now))
            ++c->up;
        else if (!entry.wanted)
            c->next = Min(c->next, entry.start_at);
        else if (now < entry.not_before)
            c->next = Min(c->next, entry.not_before);
        else if (c->due.size() < c->due.capacity())
            c->due.push_back({entry.started_at, entry.database});
    });
    return census;
}

// The one that has the longest time to wait leaves.
void make_room(Locked &locked, TimestampTz now) {
    DurableDatabase *best = nullptr;
    for_each_durable_database([&best, now](DurableDatabase &entry) {
        if (entry.dispatcher != nullptr && entry.next_look != DT_NOEND &&
            now - entry.started_at >= least_service_us &&
            (best == nullptr || entry.next_look > best->next_look))
            best = &entry;
    });
    if (best == nullptr || best->gives_way)
        return;
    best->gives_way = true;
    locked.wake.process(best->dispatcher);
}

// Those to start now, which count as starting.
std::vector<Candidate> choose(milliseconds &next) {
    Locked locked(LW_EXCLUSIVE);
    const TimestampTz now = GetCurrentTimestamp();
    Census census = count_dispatchers(locked, now);
    std::vector<Candidate> &due = census.due;
    std::sort(due.begin(), due.end(),
              [](const Candidate &a, const Candidate &b) { return a.started_at < b.started_at; });
    const auto room = static_cast<std::size_t>(Max(0, most_dispatchers() - census.up));
    if (due.size() > room) {
        make_room(locked, now);
        due.resize(room);
        census.next = now + look_again.count() * 1000;
    }
    for (const Candidate &candidate : due) {
        DurableDatabase &entry = require_durable_database(locked, candidate.database);
        entry.starting = true;
        entry.started_at = now;
        entry.not_before = now + start_limit_us;
    }
    if (census.next != DT_NOEND)
        next = milliseconds(Max(census.next - now, 0) / 1000 + 1);
    return std::move(due);
}

} // namespace

void rouse_dispatcher(Locked &locked, DurableDatabase &entry) {
    entry.wanted = true;
    if (entry.dispatcher != nullptr)
        locked.wake.process(entry.dispatcher);
    else
        wake_supervisor(locked);
}

void want_dispatcher(Oid database) {
    bool there = false;
    {
        Locked locked(LW_EXCLUSIVE);
        DurableDatabase &entry = require_durable_database(locked, database);
        rouse_dispatcher(locked, entry);
        there = entry.dispatcher != nullptr;
    }
    if (!there)
        ensure_supervisor();
}

milliseconds start_dispatchers() {
    milliseconds next = milliseconds::max();
    for (const Candidate &candidate : choose(next))
        if (!start_worker({.name = "bgjob dispatcher",
                           .type = "bgjob dispatcher",
                           .library = "bgjob",
                           .entry = "bgjob_dispatcher_main",
                           .arg = ObjectIdGetDatum(candidate.database),
                           .extra = {}})) {
            Locked locked(LW_EXCLUSIVE);
            DurableDatabase &entry = require_durable_database(locked, candidate.database);
            entry.starting = false;
            entry.not_before = 0;
            next = look_again;
        }
    return next;
}

bool dispatchers_are_needed(const Locked &) {
    bool needed = false;
    for_each_durable_database([&needed](const DurableDatabase &entry) {
        needed |= entry.dispatcher != nullptr || entry.starting || entry.wanted ||
                  entry.start_at != DT_NOEND;
    });
    return needed;
}

std::vector<Oid> dispatched_databases() {
    std::vector<Oid> databases;
    databases.reserve(static_cast<std::size_t>(max_worker_processes));
    Locked locked(LW_SHARED);
    std::vector<Oid> *out = &databases;
    for_each_durable_database([out](const DurableDatabase &entry) {
        if (entry.dispatcher != nullptr && out->size() < out->capacity())
            out->push_back(entry.database);
    });
    return databases;
}

void dismiss_dispatcher(Oid database) {
    Locked locked(LW_EXCLUSIVE);
    DurableDatabase &entry = require_durable_database(locked, database);
    entry.dismissed = entry.wanted = true;
    locked.wake.process(entry.dispatcher);
}

} // namespace pgcrew::bgjob
