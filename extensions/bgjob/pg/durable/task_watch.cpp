// Tasks that become due are told to the programs that LISTEN, on one channel, with the name of the
// queue. Once for all that came in a moment, by the dispatcher: a NOTIFY of each writer's own would
// make their commits wait for each other. And a task whose last lease ran out fails here, for
// nobody would fetch it any more.
#include "pg/durable/task_watch.hpp"

#include "pg/durable/alone.hpp"
#include "pg/durable/owners_sql.hpp"
#include "pg/durable/task_failure.hpp"
#include "pg/durable/top_level.hpp"

#include <vector>

extern "C" {
#include <commands/async.h>
#include <utils/timestamp.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr const char *channel = "bgjob_tasks";
constexpr int64 together_us = 5'000; // what comes within this time is told at once
constexpr int64 look_again_us = 100'000;
constexpr std::int32_t batch = 1000;

struct Look {
    std::vector<std::string> due; // queues with tasks that became due
    std::vector<int64> lost;      // tasks whose last lease ran out
    bool more = false;            // of those
    TimestampTz next_at = DT_NOEND;
};

// What became due after one moment and up to the other.
Look look(TimestampTz after, TimestampTz to) {
    Look found;
    OwnersSql sql;
    // One step in the index for each queue.
    const Rows queues =
        sql.execute("WITH RECURSIVE q AS ("
                    " (SELECT t.queue FROM bgjob.task t ORDER BY t.queue LIMIT 1)"
                    " UNION ALL SELECT (SELECT t.queue FROM bgjob.task t WHERE t.queue > q.queue"
                    "                    ORDER BY t.queue LIMIT 1)"
                    "             FROM q WHERE q.queue IS NOT NULL)"
                    " SELECT q.queue,"
                    "  (SELECT t.due_at FROM bgjob.task t WHERE t.queue = q.queue AND t.due_at > $2"
                    "    ORDER BY t.due_at LIMIT 1),"
                    "  EXISTS (SELECT FROM bgjob.task t"
                    "           WHERE t.queue = q.queue AND t.due_at > $1 AND t.due_at <= $2)"
                    " FROM q WHERE q.queue IS NOT NULL",
                    time_value(after), time_value(to));
    for (std::size_t i = 0; i < queues.size(); ++i) {
        if (const auto next = queues.opt<Timestamp>(i, 1))
            found.next_at = Min(found.next_at, DatumGetTimestampTz(to_datum(*next)));
        if (queues.get<bool>(i, 2))
            found.due.push_back(queues.get<std::string>(i, 0));
    }
    for (const std::string &queue : found.due) {
        const Rows tasks = sql.execute(
            "SELECT t.id FROM bgjob.task t WHERE t.queue = $1 AND t.due_at > $2 AND t.due_at <= $3"
            " AND t.worker IS NOT NULL AND t.attempt >= t.attempts LIMIT $4",
            queue, time_value(after), time_value(to), batch);
        for (std::size_t i = 0; i < tasks.size(); ++i)
            found.lost.push_back(tasks.get<int64>(i, 0));
        found.more |= tasks.size() == batch;
    }
    return found;
}

void tell(const std::vector<std::string> &queues) {
    for (const std::string &queue : queues)
        call([&] { Async_Notify(channel, queue.c_str()); });
}

// False if somebody is just finishing it, or renewing its lease.
bool fail_if_lost(int64 id, TimestampTz now) {
    TaskTable tasks;
    const std::optional<Task> task = tasks.find(id);
    if (!task || task->state != TaskState::Open || task->due_at > now || task->worker.empty() ||
        task->attempt < task->attempts)
        return true;
    return fail_attempt(tasks, *task, lease_ran_out(*task), false);
}

} // namespace

TimestampTz watch_tasks(TimestampTz changed) {
    static TimestampTz looked = DT_NOBEGIN; // what was due by then is told
    static TimestampTz looked_at = 0, next_at = DT_NOBEGIN;
    if (changed != DT_NOEND) {
        looked = Min(looked, changed - 1);
        next_at = Min(next_at, Max(changed, looked_at + together_us));
    }
    const TimestampTz now = GetCurrentTimestamp();
    if (now < next_at && looked_at <= now)
        return next_at;
    const Look found = bookkeeping([&]() -> Look {
        if (!PrivateTable::exists("task"))
            return {};
        Look result = look(looked, now);
        tell(result.due);
        return result;
    });
    bool all = !found.more;
    for (const int64 id : found.lost)
        all &= alone([&] { return bookkeeping([&] { return fail_if_lost(id, now); }); });
    if (all)
        looked = now;
    looked_at = now;
    next_at = all ? found.next_at : now + look_again_us;
    return next_at;
}

} // namespace pgcrew::bgjob
