#include "pg/duroxide/announcements.hpp"

#include "pg/durable/alone.hpp"
#include "pg/durable/dispatcher.hpp"
#include "pg/durable/owners_sql.hpp"
#include "pg/durable/tickets.hpp"
#include "pg/durable/top_level.hpp"
#include "pg/duroxide/activity_scan.hpp"
#include "pg/duroxide/clock.hpp"
#include "pg/duroxide/provider.hpp"
#include "pg/duroxide/shared_schema.hpp"

#include <vector>

extern "C" {
#include <commands/async.h>
#include <utils/fmgroids.h>
#include <utils/lsyscache.h>
}

namespace pgcrew::bgjob::duroxide {
namespace {

constexpr int64 together_us = 50'000;        // what comes within this time is told at once
constexpr int64 safety_look_us = 10'000'000; // whatever we were told
constexpr int most_rows = 200;               // looked at for leases

constexpr const char *channel_suffix[2] = {"_orch_work", "_worker_work"};

int64 delay_us() noexcept { return int64{settings::duroxide_announcement_delay} * 1000; }

TimestampTz later(TimestampTz at, int64 by_us) noexcept {
    return at == DT_NOEND ? DT_NOEND : at + by_us;
}

// When it is to be said.
TimestampTz time_to_tell(const SharedSchema &of, TimestampTz due) {
    return due == DT_NOEND ? DT_NOEND : Max(due, of.announced_at + together_us);
}

TimestampTz next_of(const SharedSchema &of) {
    TimestampTz next = DT_NOEND;
    for (int queue = 0; queue < 2; ++queue) {
        if (of.news[queue] != DT_NOEND)
            next = Min(next, Max(of.news_at[queue], of.announced_at + together_us));
        next = Min(next, time_to_tell(of, of.due[queue]));
    }
    return next;
}

// --- looking at the queues (server calls) -----------------------------------------------------

struct Columns {
    AttrNumber visible_at, lock_token, locked_until;
};

// What became due since the last look, and what will be. Each a time, or DT_NOEND.
struct Look {
    TimestampTz since, now;
    TimestampTz due = DT_NOEND, later = DT_NOEND, lease_end = DT_NOEND;

    // When a row that is visible can be fetched.
    void add(const Row &row, const Columns &c) {
        const bool leased = !row.is_null(c.lock_token) && !row.is_null(c.locked_until);
        const TimestampTz lease = leased ? from_unix_ms(row.int64_of(c.locked_until)) : DT_NOBEGIN;
        if (lease > now)
            lease_end = Min(lease_end, lease + 1000);
        else if (Max(lease, row.time(c.visible_at)) > since)
            due = Min(due, row.time(c.visible_at));
    }
};

// Of one range of an index: the first rows, for their leases may have run out, those that became
// visible, and the first one that has not yet.
void look_at_range(const Provider &provider, Index index, const Columns &c, Seek visible,
                   Seek later, Look &look) {
    Seek fresh = visible;
    fresh.add(c.visible_at, BTGreaterStrategyNumber, F_TIMESTAMPTZ_GT,
              TimestampTzGetDatum(look.since));
    int rows = 0;
    provider.scan(index, visible, [&](const Row &row) {
        look.add(row, c);
        return ++rows < most_rows;
    });
    provider.scan(index, fresh, [&](const Row &row) {
        look.add(row, c);
        return look.due == DT_NOEND;
    });
    provider.scan(index, later, [&](const Row &row) {
        look.later = Min(look.later, row.time(c.visible_at));
        return false;
    });
}

void look_at_messages(const Provider &provider, Look &look) {
    namespace c = orchestrator_queue;
    const auto bound = [&](StrategyNumber strategy, RegProcedure compare) {
        return Seek{}.add(c::VisibleAt, strategy, compare, TimestampTzGetDatum(look.now));
    };
    look_at_range(provider, OrchestratorQueueDue, {c::VisibleAt, c::LockToken, c::LockedUntil},
                  bound(BTLessEqualStrategyNumber, F_TIMESTAMPTZ_LE),
                  bound(BTGreaterStrategyNumber, F_TIMESTAMPTZ_GT), look);
}

void look_at_activities(const Provider &provider, Look &look) {
    namespace c = worker_queue;
    for (const Index index : {WorkerQueueDue, WorkerQueueSessionDue}) {
        const auto look_at_tag = [&](std::optional<Datum> tag) {
            look_at_range(provider, index, {c::VisibleAt, c::LockToken, c::LockedUntil},
                          until(of_tag(tag), look.now), after(of_tag(tag), look.now), look);
        };
        look_at_tag(std::nullopt);
        for_each_tag(provider, index, look_at_tag);
    }
}

// --- telling --------------------------------------------------------------------------------

void notify(Oid schema, int queue, TimestampTz due) {
    call([&] {
        const char *name = get_namespace_name(schema);
        if (name == nullptr)
            return;
        const char *channel = psprintf("%s%s", name, channel_suffix[queue]);
        if (strlen(channel) < NAMEDATALEN)
            Async_Notify(channel, psprintf(INT64_FORMAT, unix_ms(due)));
    });
}

// What is to be done for one queue of one schema.
struct Task {
    Oid schema;
    int queue;
    TimestampTz news; // to be told, or DT_NOEND
    TimestampTz since, later_told;
    bool gone = false; // the schema
    Look look{};
};

void do_task(Task &task, TimestampTz now) {
    task.gone = call([&] { return get_namespace_name(task.schema) == nullptr; });
    if (task.gone)
        return;
    Look look{task.since, now};
    {
        const Provider provider(task.schema, {OrchestratorQueue, WorkerQueue});
        call([&] {
            task.queue == 0 ? look_at_messages(provider, look) : look_at_activities(provider, look);
        });
    }
    const TimestampTz due = Min(task.news, look.due);
    if (due != DT_NOEND)
        notify(task.schema, task.queue, due);
    if (look.later != DT_NOEND && look.later != task.later_told && look.later != due)
        notify(task.schema, task.queue, look.later);
    task.look = look;
}

// Schemas that nobody has used since the start of the server.
void find_schemas() {
    std::vector<Oid> schemas;
    bookkeeping([&] {
        OwnersSql sql;
        const Rows rows = sql.execute("SELECT p.pronamespace FROM pg_proc p"
                                      " JOIN pg_language l ON l.oid = p.prolang"
                                      " WHERE p.prosrc = 'bgjob_duroxide_fetch_work_item'"
                                      " AND l.lanname = 'c'");
        for (std::size_t i = 0; i < rows.size(); ++i)
            schemas.push_back(rows.get<Oid>(i, 0));
    });
    Locked locked(LW_EXCLUSIVE);
    for (const Oid schema : schemas)
        (void)require_shared_schema(locked, schema);
}

std::vector<Task> take_tasks(Oid database, TimestampTz now, bool all) {
    std::vector<Task> tasks;
    tasks.reserve(64); // no allocation with the lock held: what does not fit waits
    const Locked locked(LW_EXCLUSIVE);
    for_each_shared_schema(locked, [&](SharedSchema &of) {
        for (int queue = 0; queue < 2; ++queue) {
            const bool ready = now >= of.announced_at + together_us;
            const bool news = of.news[queue] != DT_NOEND && of.news_at[queue] <= now;
            const bool wanted = ready && (news || of.due[queue] <= now);
            if (of.database != database || !(all || wanted) || tasks.size() == tasks.capacity())
                continue;
            tasks.push_back(
                {of.schema, queue, of.news[queue], of.looked_at[queue], of.later_told[queue]});
            of.news[queue] = of.due[queue] = DT_NOEND;
        }
    });
    return tasks;
}

TimestampTz settle(Oid database, const std::vector<Task> &tasks, TimestampTz now) {
    Locked locked(LW_EXCLUSIVE);
    for (const Task &task : tasks) {
        if (task.gone) {
            drop_shared_schema(locked, database, task.schema);
            continue;
        }
        SharedSchema &of = require_shared_schema(locked, task.schema);
        of.announced_at = now;
        of.looked_at[task.queue] = task.look.now;
        of.later_told[task.queue] = task.look.later;
        of.due[task.queue] = Min(of.due[task.queue], Min(task.look.later, task.look.lease_end));
    }
    TimestampTz at = DT_NOEND;
    for_each_shared_schema(locked, [&](const SharedSchema &of) {
        if (of.database == database)
            at = Min(at, next_of(of));
    });
    at = later(at, delay_us());
    require_durable_database(locked, database).announce_at = at;
    return at;
}

} // namespace

void announce(Oid schema, bool of_workers, TimestampTz due, TimestampTz leased_until) {
    if (!settings::duroxide_announcements)
        return;
    bool awaited = false;
    {
        Locked locked(LW_EXCLUSIVE);
        SharedSchema &of = require_shared_schema(locked, schema);
        const int queue = of_workers ? 1 : 0;
        if (of.news[queue] == DT_NOEND)
            of.news_at[queue] = GetCurrentTimestamp();
        of.news[queue] = Min(of.news[queue], due);
        of.due[queue] = Min(of.due[queue], leased_until);
        const TimestampTz at = later(next_of(of), delay_us());
        DurableDatabase &entry = require_durable_database(locked, MyDatabaseId);
        entry.announce_at = Min(entry.announce_at, at);
        // One that is at work looks at announce_at before it sleeps.
        awaited =
            entry.dispatcher == nullptr || (entry.next_look != DT_NOEND && at < entry.next_look);
    }
    if (awaited)
        want_dispatcher(MyDatabaseId);
}

TimestampTz watch_announcements(Oid database) {
    static TimestampTz looked_at = 0;
    if (!settings::duroxide_announcements)
        return DT_NOEND;
    const TimestampTz now = GetCurrentTimestamp() - delay_us();
    const bool all = now >= looked_at + safety_look_us || now < looked_at;
    if (all) {
        if (looked_at == 0)
            (void)alone([] { return find_schemas(), true; });
        looked_at = now;
    }
    std::vector<Task> tasks = take_tasks(database, now, all);
    for (Task &task : tasks) {
        task.look = {task.since, task.since}; // if it fails
        (void)alone([&] { return bookkeeping([&] { return do_task(task, now), true; }); });
    }
    return settle(database, tasks, now);
}

} // namespace pgcrew::bgjob::duroxide
