#include "pg/duroxide/work_signal.hpp"

#include "pg/duroxide/announcements.hpp"
#include "pg/duroxide/clock.hpp"
#include "pg/duroxide/shared_schema.hpp"
#include "pg/registry.hpp"
#include "pgcrew/compat.hpp"
#include "pgcrew/guards.hpp"

#include <utility>

extern "C" {
#include <access/xact.h>
#include <common/hashfn.h>
#include <miscadmin.h>
#include <storage/ipc.h>
#include <utils/memutils.h>
}

namespace pgcrew::bgjob::duroxide {
namespace {

// What the running transaction has for others, kept by plain C.
constexpr int most_news = 16;
struct WorkNews {
    Oid schema;
    Work kind;
    int count;                          // that is due
    TimestampTz earliest, leased_until; // DT_NOEND: none
};
WorkNews news[most_news];
int news_count = 0;
constexpr int most_wakeups = 64; // by one transaction

ConditionVariable *room_of(Room room) {
    const uint32 in_schema = murmurhash32(room.schema * 4 + static_cast<uint32>(room.kind));
    return &segment().duroxide_work[murmurhash32(MyDatabaseId ^ in_schema) % waiting_rooms];
}

void wake_waiters(const WorkNews &of) {
    if (of.kind == Work::Routed) { // who can take it is known to them alone
        ConditionVariableBroadcast(room_of({of.schema, Work::Activity}));
        ConditionVariableBroadcast(room_of({of.schema, Work::Routed}));
        return;
    }
    for (int i = 0; i < Min(of.count, most_wakeups); ++i)
        ConditionVariableSignal(room_of({of.schema, of.kind}));
}

void tell() {
    for (int i = 0; i < news_count; ++i) {
        if (news[i].count > 0)
            wake_waiters(news[i]);
        announce(news[i].schema, news[i].kind != Work::Turn, news[i].earliest,
                 news[i].leased_until);
    }
}

void after_transaction(XactEvent event, void *) {
    if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
        return;
    if (event == XACT_EVENT_COMMIT && news_count > 0)
        cleanup("waking those that wait for work", [] { tell(); });
    news_count = 0;
}

WorkNews *news_of(Oid schema, Work kind) {
    for (int i = 0; i < news_count; ++i)
        if (news[i].schema == schema && news[i].kind == kind)
            return &news[i];
    if (news_count == most_news)
        return nullptr;
    news[news_count] = {schema, kind, 0, DT_NOEND, DT_NOEND};
    return &news[news_count++];
}

// --- who waits -----------------------------------------------------------------------------

int queue_of(Work kind) { return kind == Work::Turn ? 0 : 1; }

// So many may wait for each queue of a schema.
int most_waiting(const SharedSchema &of) {
    return settings::duroxide_max_waiting >= 0 ? settings::duroxide_max_waiting
                                               : Max(1, of.sessions * 3 / 10);
}

// What other processes count this one as, until it ends.
struct Counted {
    Oid schema;
    bool waits[2];
    Counted *next;
};
Counted *counted = nullptr;

void leave(int, Datum) {
    LWLockReleaseAll();
    const Locked locked(LW_EXCLUSIVE);
    for_each_shared_schema(locked, [](SharedSchema &of) {
        for (const Counted *own = counted; own != nullptr; own = own->next) {
            if (own->schema != of.schema || MyDatabaseId != of.database)
                continue;
            --of.sessions;
            for (int queue = 0; queue < 2; ++queue)
                of.waiting[queue] -= own->waits[queue];
        }
    });
}

Counted &own_entry(Oid schema) {
    for (Counted *own = counted; own != nullptr; own = own->next)
        if (own->schema == schema)
            return *own;
    Counted *own = call([&] {
        if (counted == nullptr)
            before_shmem_exit(callback<&leave>, 0);
        auto *fresh =
            static_cast<Counted *>(MemoryContextAllocZero(TopMemoryContext, sizeof(Counted)));
        fresh->schema = schema;
        return fresh;
    });
    Locked locked(LW_EXCLUSIVE);
    ++require_shared_schema(locked, schema).sessions;
    own->next = counted;
    return *(counted = own);
}

bool begin_to_wait(Room room) {
    Counted &own = own_entry(room.schema);
    const int queue = queue_of(room.kind);
    Locked locked(LW_EXCLUSIVE);
    SharedSchema &of = require_shared_schema(locked, room.schema);
    if (of.waiting[queue] >= most_waiting(of))
        return false;
    ++of.waiting[queue];
    own.waits[queue] = true;
    return true;
}

void end_to_wait(Room room) {
    Counted &own = own_entry(room.schema);
    const int queue = queue_of(room.kind);
    Locked locked(LW_EXCLUSIVE);
    int32 &waiting = require_shared_schema(locked, room.schema).waiting[queue];
    waiting = Max(waiting - 1, 0); // the schema may be another one of that name by now
    own.waits[queue] = false;
}

// Within a transaction of its own only.
bool may_wait() {
    return settings::duroxide_fetch_wait > 0 && !IsTransactionBlock() && !IsSubTransaction() &&
           !TransactionIdIsValid(GetTopTransactionIdIfAny());
}

} // namespace

void prepare_to_note_work() {
    static bool registered = false;
    if (!std::exchange(registered, true))
        call([] { RegisterXactCallback(callback<&after_transaction>, nullptr); });
    (void)segment();
}

void note_work(Oid schema, Work kind, TimestampTz due) {
    WorkNews *of = news_of(schema, kind);
    if (of == nullptr) // they find it by themselves
        return;
    of->count += due <= server_now();
    of->earliest = Min(of->earliest, due);
}

void note_lease(Oid schema, Work kind, TimestampTz until) {
    if (WorkNews *of = news_of(schema, kind))
        of->leased_until = Min(of->leased_until, until);
}

bool WorkWaiter::wait(TimestampTz next_due) {
    const TimestampTz now = GetCurrentTimestamp();
    ConditionVariable *const room = room_of(room_);
    if (until_ == 0) {
        if (!may_wait() || !begin_to_wait(room_))
            return false;
        until_ = now + int64{settings::duroxide_fetch_wait} * 1000;
        call([&] { ConditionVariablePrepareToSleep(room); });
        return true; // something may have come before
    }
    const TimestampTz until = Min(until_, next_due);
    if (now >= until_)
        return false;
    static uint32 wait_event = 0;
    call([&] {
        if (wait_event == 0)
            wait_event = compat::new_wait_event("BgjobDuroxide");
        (void)ConditionVariableTimedSleep(
            room, static_cast<long>((Max(until - now, 0) + 999) / 1000), wait_event);
    });
    return true;
}

WorkWaiter::~WorkWaiter() {
    if (until_ == 0)
        return;
    if (compat::cancel_sleep()) // for what it did not take
        ConditionVariableSignal(room_of(room_));
    cleanup("waiting for work no longer", [this] { end_to_wait(room_); });
}

} // namespace pgcrew::bgjob::duroxide
