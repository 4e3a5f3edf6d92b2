// fetch_work_item: hands the oldest activity to a worker that may have it, for the time of a lease.
// Never waits for other sessions: what they have, or are about to take, is passed over.
#include "pg/durable/writes.hpp"
#include "pg/duroxide/activity_scan.hpp"
#include "pg/duroxide/arguments.hpp"
#include "pg/duroxide/call_count.hpp"
#include "pg/duroxide/lazy_commit.hpp"
#include "pg/duroxide/lease.hpp"
#include "pg/duroxide/work_signal.hpp"

#include <algorithm>

extern "C" {
#include <catalog/pg_type.h>
#include <utils/array.h>
#include <utils/builtins.h>
}

namespace pgcrew::bgjob::duroxide {
namespace {

namespace c = worker_queue;

constexpr int most_tags = 100;
constexpr int most_candidates = 4096; // at a time
constexpr int few_candidates = 16;    // at first

// Which activities the worker may have.
struct Wanted {
    bool untagged = false, any_tag = false;
    Datum tags[most_tags];
    int tag_count = 0;
    std::optional<Datum> owner; // none: none of a session
    int64 lease_ms = 0, session_lease_ms = 0;
};

struct Fetched {
    bool found;
    Datum item, token;
    int32 attempt;
    TimestampTz next_due; // if nothing was found
};

struct Candidate {
    TimestampTz visible_at;
    int64 id;
    Datum session; // 0: none
    HeapTuple tuple;
};

struct Candidates {
    Candidate *list;
    int count, room;
    bool more; // than there was room for
    TimestampTz next_due;
};

bool is_leased(const Row &row, int64 now_ms) {
    return !row.is_null(c::LockToken) && !row.is_null(c::LockedUntil) &&
           row.int64_of(c::LockedUntil) > now_ms;
}

// --- which there are (server calls) ---------------------------------------------------------

// Whether a session is somebody else's.
bool is_foreign(Provider &provider, Datum session, Datum owner, int64 now_ms) {
    Seek seek = of_key(sessions::SessionId, session);
    const Row row = provider.find(SessionsPkey, seek);
    return row && row.int64_of(sessions::LockedUntil) > now_ms &&
           row.text(sessions::WorkerId) != view_of(owner);
}

// The first ones of one tag, with a session or without, that became visible since `begin`. Says
// when the first row did.
TimestampTz collect_from(Provider &provider, const Wanted &wanted, std::optional<Datum> tag,
                         Index index, TimestampTz begin, TimestampTz now, int most,
                         Candidates &to) {
    const bool of_session = index == WorkerQueueSessionDue;
    TimestampTz first = DT_NOEND;
    int count = 0;
    Seek due = until(from(of_tag(tag), begin), now);
    provider.scan(index, due, [&](const Row &row) {
        first = Min(first, row.time(c::VisibleAt));
        if (is_leased(row, unix_ms(now))) {
            to.next_due = Min(to.next_due, from_unix_ms(row.int64_of(c::LockedUntil)) + 1000);
            return true;
        }
        HeapTuple copy = heap_copytuple(row.tuple);
        const Row kept{copy, row.desc};
        const Datum session = of_session ? kept.datum(c::SessionId) : Datum{0};
        if (of_session && is_foreign(provider, session, *wanted.owner, unix_ms(now))) {
            heap_freetuple(copy);
            return true;
        }
        if (to.count == to.room) {
            to.room *= 2;
            to.list = static_cast<Candidate *>(
                repalloc(to.list, sizeof(Candidate) * static_cast<Size>(to.room)));
        }
        to.list[to.count++] = {row.time(c::VisibleAt), row.int64_of(c::Id), session, copy};
        to.more |= ++count == most;
        return count < most;
    });
    return first;
}

void collect(Provider &provider, const Wanted &wanted, std::optional<Datum> tag, Index index,
             TimestampTz now, int most, Candidates &to) {
    const int before = to.count;
    QueueStart *const start =
        !tag && index == WorkerQueueDue ? &provider.start_of(WorkerQueue) : nullptr;
    const TimestampTz begin = start != nullptr ? start->known(now) : DT_NOBEGIN;
    if (begin != DT_NOBEGIN)
        (void)collect_from(provider, wanted, tag, index, begin, now, most, to);
    if (to.count > before)
        return;
    const TimestampTz first = collect_from(provider, wanted, tag, index, DT_NOBEGIN, now, most, to);
    if (start != nullptr)
        start->found(first, now);
    if (to.count > before)
        return;
    Seek later = after(of_tag(tag), now);
    provider.scan(index, later, [&](const Row &row) {
        to.next_due = Min(to.next_due, row.time(c::VisibleAt));
        return false;
    });
}

Candidates candidates(Provider &provider, const Wanted &wanted, TimestampTz now, int most) {
    Candidates found{static_cast<Candidate *>(palloc(sizeof(Candidate) * few_candidates)), 0,
                     few_candidates, false, DT_NOEND};
    for (const Index index : {WorkerQueueDue, WorkerQueueSessionDue}) {
        if (index == WorkerQueueSessionDue && !wanted.owner)
            continue;
        if (wanted.untagged)
            collect(provider, wanted, std::nullopt, index, now, most, found);
        for (int i = 0; i < wanted.tag_count; ++i)
            collect(provider, wanted, wanted.tags[i], index, now, most, found);
        if (wanted.any_tag)
            for_each_tag(provider, index, [&](Datum tag) {
                collect(provider, wanted, tag, index, now, most, found);
            });
    }
    std::sort(found.list, found.list + found.count, [](const Candidate &a, const Candidate &b) {
        return a.visible_at != b.visible_at ? a.visible_at < b.visible_at : a.id < b.id;
    });
    return found;
}

// --- taking one (server calls) --------------------------------------------------------------

bool lease_row(Provider &provider, const Wanted &wanted, const Candidate &candidate, Fetched &to) {
    const Row row{candidate.tuple, RelationGetDescr(provider.table(WorkerQueue))};
    char id[24];
    pg_lltoa(candidate.id, id);
    const Lease lease = new_lease(id, wanted.lease_ms);
    const int32 attempt = row.int32_of(c::AttemptCount) + 1;
    if (!provider.update(WorkerQueue, row,
                         Values{}
                             .set(c::LockToken, lease.token)
                             .set(c::LockedUntil, Int64GetDatum(lease.until_ms))
                             .set(c::AttemptCount, Int32GetDatum(attempt))))
        return false;
    note_lease(provider.schema(), Work::Activity, from_unix_ms(lease.until_ms));
    to = {true, row.datum(c::WorkItem), lease.token, attempt, DT_NOEND};
    return true;
}

// A session is its owner's as long as that takes its activities, or keeps it.
bool claim_session(Provider &provider, const Wanted &wanted, Datum session) {
    const TimestampTz now = server_now();
    const int64 now_ms = unix_ms(now);
    Seek seek = of_key(sessions::SessionId, session);
    const Row row = provider.find(SessionsPkey, seek);
    Values claim;
    claim.set(sessions::SessionId, session)
        .set(sessions::WorkerId, *wanted.owner)
        .set(sessions::LockedUntil, Int64GetDatum(later_ms(now_ms, wanted.session_lease_ms)))
        .set(sessions::LastActivityAt, Int64GetDatum(now_ms));
    if (!row) {
        provider.insert(Sessions, claim);
        return true;
    }
    if (row.int64_of(sessions::LockedUntil) > now_ms &&
        row.text(sessions::WorkerId) != view_of(*wanted.owner))
        return false;
    return provider.update(Sessions, row, claim);
}

bool take(Provider &provider, const Wanted &wanted, const Candidate &candidate, Fetched &to) {
    if (candidate.session == 0)
        return lease_row(provider, wanted, candidate, to);
    const SubjectLock lock(SubjectLock::Session, provider.schema(), view_of(candidate.session));
    return lock.try_take() && claim_session(provider, wanted, candidate.session) &&
           lease_row(provider, wanted, candidate, to);
}

// Others may be faster with the first ones: there are more then, or some in front of those.
Fetched fetch(Provider &provider, const Wanted &wanted) {
    Fetched fetched{};
    QueueStart &start = provider.start_of(WorkerQueue);
    for (int most = few_candidates;; most *= 4) {
        const TimestampTz now = server_now();
        const bool all = start.known(now) == DT_NOBEGIN;
        const Candidates found = candidates(provider, wanted, now, most);
        fetched.next_due = found.next_due;
        for (int i = 0; i < found.count; ++i)
            if (take(provider, wanted, found.list[i], fetched))
                return fetched;
        if (all && (!found.more || most >= most_candidates))
            return fetched;
        start = {DT_NOBEGIN, 0};
        CHECK_FOR_INTERRUPTS();
    }
}

// --- arguments ------------------------------------------------------------------------------

void take_tags(FunctionCallInfo fcinfo, Wanted &wanted) {
    if (fcinfo->args[4].isnull)
        return;
    int count = 0;
    call([&] {
        ArrayType *array = DatumGetArrayTypeP(fcinfo->args[4].value);
        Datum *tags = nullptr;
        bool *nulls = nullptr;
        deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &tags, &nulls, &count);
        for (int i = 0; i < count && i < most_tags; ++i)
            if (!nulls[i])
                wanted.tags[wanted.tag_count++] = tags[i];
    });
    if (count > most_tags)
        throw Error(sqlstate::program_limit_exceeded,
                    "p_tag_filter must not have more than " + std::to_string(most_tags) + " tags");
}

// Which tags: as p_tag_mode says, which knows these and `none`.
void take_mode(FunctionCallInfo fcinfo, Wanted &wanted) {
    const std::string mode = Args(fcinfo).opt_text(5).value_or("default_only");
    wanted.untagged = mode == "default_only" || mode == "default_and" || mode == "any";
    wanted.any_tag = mode == "any";
    if (mode == "tags" || mode == "default_and")
        take_tags(fcinfo, wanted);
    else if (!wanted.untagged && mode != "none")
        throw Error(sqlstate::invalid_parameter_value, "unknown p_tag_mode \"" + mode + "\"", "",
                    "It is one of default_only, tags, default_and, any and none.");
}

} // namespace

PGCREW_FUNCTION(bgjob_duroxide_fetch_work_item) {
    CallCounter counter(fcinfo, Function::FetchActivity);
    will_write("fetch_work_item()");
    const Args args(fcinfo);
    Wanted wanted;
    wanted.lease_ms = lease_ms(args, 1, "p_lock_timeout_ms");
    wanted.session_lease_ms = args.opt_int64(3).value_or(wanted.lease_ms);
    if (!args.is_null(2))
        wanted.owner = fcinfo->args[2].value;
    take_mode(fcinfo, wanted);
    SetResult rows(fcinfo);
    if (!wanted.untagged && wanted.tag_count == 0)
        return rows.done();
    prepare_to_note_work();
    LazyCommit lazy;
    WorkWaiter waiter({schema_of(fcinfo), wanted.untagged ? Work::Activity : Work::Routed});
    Fetched fetched{};
    do {
        Provider provider(fcinfo, {WorkerQueue, Sessions});
        call([&] { fetched = fetch(provider, wanted); });
    } while (!fetched.found && waiter.wait(fetched.next_due));
    if (!fetched.found)
        return rows.done();
    lazy.commit();
    counter.loaded();
    call([&] {
        Datum row[] = {fetched.item, fetched.token, Int32GetDatum(fetched.attempt)};
        bool nulls[3] = {};
        tuplestore_putvalues(rows.store(), rows.desc(), row, nulls);
    });
    return rows.done();
}

} // namespace pgcrew::bgjob::duroxide
