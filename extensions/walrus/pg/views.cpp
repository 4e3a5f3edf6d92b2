// The views checkpoint_causes and events: copies of what the shared memory holds.
#include "core/explain.hpp"
#include "pg/shown.hpp"
#include "pgcrew/args.hpp"

#include <algorithm>
#include <vector>

namespace pgcrew::walrus {
namespace {

constexpr const char *cause_names[causes] = {"wal", "time", "other"};

std::int64_t read(pg_atomic_uint64 &counter) {
    return static_cast<std::int64_t>(pg_atomic_read_u64(&counter));
}

std::vector<Event> recent_events() {
    std::vector<Event> events;
    Shared *s = shared();
    if (s == nullptr)
        return events;
    events.reserve(Shared::ring);
    const LockGuard lock(&s->lock, LW_SHARED);
    for (std::int64_t id = std::max<std::int64_t>(s->last_event - Shared::ring, 0) + 1;
         id <= s->last_event; ++id)
        events.push_back(s->events[id % Shared::ring]);
    return events;
}

} // namespace

PGCREW_FUNCTION(walrus_cause_counts) {
    SetResult rows(fcinfo);
    Shared *s = shared();
    if (s == nullptr)
        return rows.done();
    for (int i = 0; i < causes; ++i)
        rows.put({"checkpoint", cause_names[i], read(s->checkpoints[i].count), read(s->inferred[i]),
                  moment(read(s->checkpoints[i].last_at))});
    for (int i = 0; i < causes; ++i)
        rows.put({"restartpoint", cause_names[i], read(s->restartpoints[i].count), std::int64_t{0},
                  moment(read(s->restartpoints[i].last_at))});
    return rows.done();
}

PGCREW_FUNCTION(walrus_recent_events) {
    SetResult rows(fcinfo);
    for (const Event &e : recent_events()) {
        const std::string words = sentence(e),
                          limit = limited(e.decision) ? name(e.decision.limit) : "",
                          state = e.sqlstate != 0 ? SqlState(e.sqlstate).text() : std::string();
        rows.put({e.id, moment(e.at), name(e.kind), int_or_null(e.old_mb), int_or_null(e.new_mb),
                  words, name(e.decision.reason), text_or_null(limit),
                  static_cast<std::int64_t>(e.decision.forced), e.decision.demand,
                  interval_of(e.timeout_us), text_or_null(state)});
    }
    return rows.done();
}
} // namespace pgcrew::walrus
