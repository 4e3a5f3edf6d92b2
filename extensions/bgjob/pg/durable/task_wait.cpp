// wait_task: until there is a task in a queue. It is a procedure because a function runs within a
// statement, whose snapshot would keep dead rows in every table while it waits. A procedure ends
// its transaction and waits in the next one, which has no snapshot yet. Whoever publishes a task
// wakes those that wait, through shared memory, at commit.
#include "pg/durable/task_wait.hpp"

#include "core/names.hpp"
#include "pg/durable/at_commit.hpp"
#include "pg/durable/committing_session.hpp"
#include "pg/durable/task_table.hpp"
#include "pg/sleeper.hpp"
#include "pgcrew/args.hpp"

#include <utility>

extern "C" {
#include <access/xact.h>
#include <common/hashfn.h>
#include <executor/spi.h>
#include <miscadmin.h>
#include <nodes/parsenodes.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr int64 safety_look_us = 5'000'000;
constexpr int64 look_again_us = 100'000; // while others take what is there

static_assert(waiting_rooms <= 64);
uint64 untold = 0; // rooms to wake

int room_of(const std::string &queue) {
    const uint32 hash = hash_bytes(reinterpret_cast<const unsigned char *>(queue.data()),
                                   static_cast<int>(queue.size()));
    return static_cast<int>((hash ^ MyDatabaseId) % waiting_rooms);
}

void after_transaction(XactEvent event, void *) {
    if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
        return;
    const uint64 rooms = std::exchange(untold, 0);
    if (event != XACT_EVENT_COMMIT || rooms == 0)
        return;
    cleanup("waking programs that wait for a task", [rooms] {
        for (int i = 0; i < waiting_rooms; ++i)
            if (rooms & (uint64{1} << i))
                ConditionVariableBroadcast(&segment().task_published[i]);
    });
}

void wait_for_task(const std::string &queue, TimestampTz deadline) {
    const CommittingSession session;
    Sleeper sleeper(&segment().task_published[room_of(queue)]);
    for (;;) {
        const TimestampTz now = GetCurrentTimestamp();
        const DueTasks due = TaskTable().due(queue, now, 1);
        call([] { SPI_commit(); }); // lets go of snapshot and locks
        if (!due.ids.empty() || now >= deadline)
            return;
        const int64 longest = due.held ? look_again_us : safety_look_us;
        const TimestampTz until = Min(Min(deadline, due.next_at), now + longest);
        sleeper.sleep((until - now) / 1000 + 1);
    }
}

} // namespace

void tell_of_task(const std::string &queue, TimestampTz due_at) {
    static bool registered = false;
    if (!std::exchange(registered, true))
        call([] { RegisterXactCallback(callback<&after_transaction>, nullptr); });
    (void)segment();
    untold |= uint64{1} << room_of(queue);
    tell_of_due_task(due_at);
}

PGCREW_FUNCTION(bgjob_wait_task) {
    const Args args(fcinfo);
    const std::string queue = args.text(0, "queue");
    check_name("queue name", queue);
    const TimestampTz now = GetCurrentTimestamp();
    const int64 ms = args.opt_interval_ms(1).value_or(PG_INT64_MAX);
    const TimestampTz deadline =
        ms >= (DT_NOEND - now) / 1000 - 1 ? DT_NOEND : now + Max(ms, int64{0}) * 1000;
    if (!can_commit(fcinfo))
        throw Error(sqlstate::active_sql_transaction,
                    "bgjob.wait_task() cannot run inside a transaction block",
                    "It would hold the snapshot of the transaction while it waits.",
                    "Call it as a statement of its own, outside of functions.");
    wait_for_task(queue, deadline);
    return 0;
}

} // namespace pgcrew::bgjob
