#include "pg/durable/prune.hpp"

#include "pg/durable/owners_sql.hpp"
#include "pg/durable/queue_cache.hpp"
#include "pgcrew/args.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <miscadmin.h>
}

namespace pgcrew::bgjob {
namespace {

// What goes with the jobs in `gone`.
#define PGCREW_FORGET_THE_REST                                                                     \
    "steps AS (DELETE FROM bgjob.step s USING gone g WHERE s.job = g.id),"                         \
    "failures AS (DELETE FROM bgjob.failure f USING gone g WHERE f.job = g.id),"                   \
    "children AS (DELETE FROM bgjob.child c USING gone g WHERE c.parent = g.id),"                  \
    "keys AS (DELETE FROM bgjob.job_key k USING gone g WHERE k.job = g.id)"                        \
    " SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM seen), (SELECT max(s.id) FROM "    \
    "seen s)"

// Rows that stay are passed over once, however many batches there are.
#define PGCREW_SEEN_IN_HISTORY                                                                     \
    "WITH seen AS (SELECT r.id, r.queue, r.role,"                                                  \
    "    r.kind = 2 OR r.attempt > 0 OR r.key IS NOT NULL AS linked"                               \
    "  FROM bgjob.job_run r WHERE r.id > $5 AND r.ended_at < $1 ORDER BY r.id LIMIT $4),"
#define PGCREW_OVER                                                                                \
    "over AS (SELECT s.id FROM seen s WHERE ($2 IS NULL OR s.queue = $2)"                          \
    "    AND ($3 IS NULL OR pg_has_role($3, s.role, 'USAGE')) AND (s.linked OR NOT $6)),"
#define PGCREW_GONE_FROM_HISTORY                                                                   \
    "gone AS (DELETE FROM bgjob.job_run r USING over o"                                            \
    "  WHERE r.id = o.id AND r.ended_at < $1 RETURNING r.id),"

constexpr Sql from_history =
    PGCREW_SEEN_IN_HISTORY PGCREW_OVER PGCREW_GONE_FROM_HISTORY PGCREW_FORGET_THE_REST;

constexpr Sql from_dead =
    "WITH seen AS (SELECT d.id, d.queue, d.role, true AS linked FROM bgjob.job_dead d"
    "  WHERE d.id > $5 AND d.due_at < $1 ORDER BY d.id LIMIT $4)," PGCREW_OVER
    "gone AS (DELETE FROM bgjob.job_dead d USING over o"
    "  WHERE d.id = o.id RETURNING d.id)," PGCREW_FORGET_THE_REST;

#undef PGCREW_SEEN_IN_HISTORY
#undef PGCREW_OVER
#undef PGCREW_GONE_FROM_HISTORY
#undef PGCREW_FORGET_THE_REST

PruneProgress prune(Sql sql, const Pruned &which, bool linked) {
    OwnersSql owner;
    const Rows rows = owner.execute(sql, time_value(which.before), which.queue, which.reader,
                                    which.limit, which.after, linked);
    return {rows.get<std::int64_t>(0, 0), rows.get<std::int64_t>(0, 1),
            rows.opt<std::int64_t>(0, 2).value_or(which.after)};
}

TimestampTz long_ago(const Args &args, int i) {
    const TimestampTz now = GetCurrentTimestamp();
    if (args.is_null(i))
        return now;
    const std::int64_t ms = args.interval_ms(i);
    if (ms >= (now - MIN_TIMESTAMP) / 1000)
        return MIN_TIMESTAMP;
    return ms <= 0 ? now : now - ms * 1000;
}

} // namespace

PruneProgress prune_history(const Pruned &which) { return prune(from_history, which, false); }
PruneProgress prune_dead(const Pruned &which) { return prune(from_dead, which, false); }
PruneProgress prune_linked(const Pruned &which) { return prune(from_history, which, true); }

PGCREW_FUNCTION(bgjob_prune) {
    const Args args(fcinfo);
    Pruned which{long_ago(args, 0)};
    if (const auto name = args.opt_text(1))
        which.queue = require_queue(*name).id;
    which.reader = call([] { return GetUserId(); });
    return result(fcinfo, prune_history(which).removed + prune_dead(which).removed);
}

} // namespace pgcrew::bgjob
