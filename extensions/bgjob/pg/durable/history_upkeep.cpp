// No lock is waited for longer than a moment: what cannot be done now is done a minute later.
// Meanwhile jobs that end are written to the default partition, and moved when theirs comes.
#include "pg/durable/history_upkeep.hpp"

#include "core/retention.hpp"
#include "pg/durable/ended_jobs.hpp"
#include "pg/durable/owners_sql.hpp"
#include "pg/durable/prune.hpp"
#include "pg/durable/queue_cache.hpp"
#include "pgcrew/server_error.hpp"
#include "pgcrew/xact.hpp"

#include <algorithm>
#include <map>

namespace pgcrew::bgjob {
namespace {

constexpr int days_ahead = 2;
constexpr std::int32_t batch = 1000;
constexpr int64 hourly_us = 3'600'000'000;
constexpr int64 after_failure_us = 60'000'000;

// Runs `f(OwnersSql &)`, which waits for no lock.
template <class F> auto as_owner(F f) {
    return in_transaction([&] {
        const ActiveSnapshot snapshot;
        GucScope settings;
        settings.set("lock_timeout", "100ms");
        settings.set("client_min_messages", "warning");
        OwnersSql sql;
        return f(sql);
    });
}

std::vector<Day> existing_days() {
    return as_owner([](OwnersSql &sql) {
        const Rows rows = sql.execute("SELECT c.relname FROM pg_catalog.pg_inherits i"
                                      "  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid"
                                      " WHERE i.inhparent = 'bgjob.job_run'::pg_catalog.regclass");
        std::vector<Day> days;
        for (std::size_t i = 0; i < rows.size(); ++i)
            if (const auto day = partition_day(history_table, rows.get<std::string>(i, 0)))
                days.push_back(*day);
        return days;
    });
}

void make_partition(Day day) {
    const PartitionBounds bounds = partition_bounds(day);
    as_owner([&](OwnersSql &sql) {
        sql.execute("SELECT bgjob.make_partition($1, $2, $3)", partition_name(history_table, day),
                    bounds.from, bounds.to);
    });
}

void drop_partition(Day day) {
    as_owner([&](OwnersSql &sql) {
        sql.execute("SELECT bgjob.drop_partition($1)", partition_name(history_table, day));
    });
}

TimestampTz begin_of(Day day) {
    return static_cast<std::int64_t>(day) * USECS_PER_DAY - unix_us(0);
}

// Whether there is more to look at, from `place` on. The end of one queue is kept in mind until all
// are through.
bool prune_some(PruneProgress (*prune)(const Pruned &), Pruned which, std::int64_t &place) {
    which.limit = batch;
    which.after = place;
    const PruneProgress progress = in_transaction([&](Spi &) { return prune(which); });
    const bool more = progress.seen == batch;
    place = more ? progress.last : PG_INT64_MAX;
    return more;
}

// Whether there are more of them.
bool drop_old_days(const std::vector<Day> &existing, const std::vector<Queue> &queues,
                   TimestampTz now) {
    std::vector<Keep> keeps;
    keeps.reserve(queues.size());
    for (const Queue &queue : queues)
        keeps.push_back(queue.options.keep);
    std::vector<Day> over = droppable_days(existing, keeps, unix_us(now));
    std::sort(over.begin(), over.end());
    if (over.empty())
        return false;
    static std::int64_t place = 0;
    if (prune_some(prune_linked, {.before = begin_of(over.back() + 1)}, place))
        return true;
    place = 0;
    drop_partition(over.front());
    return over.size() > 1;
}

// The time that partitions stay; 0: for ever.
std::int64_t longest_keep(const std::vector<Queue> &queues) {
    std::int64_t longest = 0;
    for (const Queue &queue : queues) {
        const Keep &keep = queue.options.keep;
        if (keep.what != Keep::What::All)
            continue;
        if (keep.for_us == 0)
            return 0;
        longest = std::max(longest, keep.for_us);
    }
    return longest;
}

// Those of queues that keep them for a shorter time than the partitions stay, and failed ones.
// Whether there are more.
bool forget_old_jobs(const std::vector<Queue> &queues, TimestampTz now) {
    struct Places {
        std::int64_t dead = 0, history = 0;
    };
    static auto &places = *new std::map<std::int32_t, Places>; // never destroyed
    const std::int64_t longest = longest_keep(queues);
    bool more = false;
    for (const Queue &queue : queues) {
        const Keep &keep = queue.options.keep;
        if (keep.what != Keep::What::All || keep.for_us == 0)
            continue;
        Pruned which{.before = now - keep.for_us, .queue = queue.id};
        more |= prune_some(prune_dead, which, places[queue.id].dead);
        if (keep.for_us == longest) // the rest goes with its day
            which.before = begin_of(day_of(unix_us(which.before)));
        more |= prune_some(prune_history, which, places[queue.id].history);
    }
    if (!more)
        places.clear();
    return more;
}

// Signals that were committed when their job had ended just before. Whether there are more.
bool forget_late_signals() {
    return as_owner([](OwnersSql &sql) {
        const Rows rows =
            sql.execute("WITH late AS (DELETE FROM bgjob.signal WHERE ctid = ANY (ARRAY("
                        "  SELECT s.ctid FROM bgjob.signal s"
                        "   WHERE s.sent_at < pg_catalog.now() - interval '1 hour'"
                        "     AND NOT EXISTS (SELECT FROM bgjob.job j WHERE j.id = s.job) LIMIT "
                        "$1)) RETURNING 1)"
                        "SELECT pg_catalog.count(*) FROM late",
                        batch);
        return rows.get<std::int64_t>(0, 0) == batch;
    });
}

// The extension may have been dropped and created since the last look.
bool lacks_partition(TimestampTz now) {
    return in_transaction([&] {
        return PrivateTable::exists(history_table) &&
               !PrivateTable::exists(partition_name(history_table, day_of(unix_us(now))).c_str());
    });
}

// Whether there is more to do.
bool look_after_all() {
    if (!in_transaction([] { return PrivateTable::exists(history_table); }))
        return false;
    const TimestampTz now = GetCurrentTimestamp();
    const std::vector<Day> existing = existing_days();
    for (const Day day : days_to_create(existing, unix_us(now), days_ahead))
        make_partition(day);
    const std::vector<Queue> queues = in_transaction([] {
        forget_queues(); // a restore tells nobody of its rows
        return all_queues();
    });
    return drop_old_days(existing, queues, now) || forget_old_jobs(queues, now) ||
           forget_late_signals();
}

} // namespace

bool maintain_history() {
    static TimestampTz next = 0, not_before = 0;
    const TimestampTz now = GetCurrentTimestamp();
    if (now < not_before || (now < next && !lacks_partition(now)))
        return false;
    not_before = now + after_failure_us;
    try {
        const bool more = look_after_all();
        not_before = 0;
        next = now + (more ? 0 : hourly_us);
        return more;
    } catch (const std::exception &) { // jobs go on without
        log_server_error(describe_current_exception());
    }
    return false;
}

} // namespace pgcrew::bgjob
