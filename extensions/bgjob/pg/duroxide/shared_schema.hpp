// What all processes know of a schema for Duroxide: the work that programs are to be told of, and
// how often its functions were called.
#pragma once
#include "pg/registry.hpp"

namespace pgcrew::bgjob::duroxide {

enum class Function {
    AbandonActivity,
    AbandonTurn,
    AckActivity,
    AckTurn,
    Enqueue,
    EnqueueActivity,
    FetchActivity,
    FetchHistory,
    FetchTurn,
    GetCustomStatus,
    RenewActivity,
    RenewTurn,
    functions
};

struct CallCount {
    int64 calls, loaded;       // loaded: fetches that found something
    int64 loaded_us, empty_us; // time of those, and of all other calls
};

// The two queues of a schema; 0 is that of orchestrations, 1 that of workers.
struct SharedSchema {
    dsa_pointer next;
    Oid database, schema;
    TimestampTz news[2]; // the earliest that was committed since the last announcement, or DT_NOEND
    TimestampTz news_at[2];    // when that was
    TimestampTz due[2];        // when something will be due, or was leased until, or DT_NOEND
    TimestampTz looked_at[2];  // what was due by then is told
    TimestampTz later_told[2]; // the first that was due later
    TimestampTz announced_at;
    int32 sessions;   // that use it
    int32 waiting[2]; // of those, in fetches
    CallCount count[static_cast<int>(Function::functions)];
};

// Of this database; made if there is none. Lock held exclusively.
SharedSchema &require_shared_schema(Locked &, Oid schema);

void drop_shared_schema(Locked &, Oid database, Oid schema); // lock held exclusively

// Calls f(SharedSchema &) for each one. Lock held; f is plain C.
template <class F> void for_each_shared_schema(const Locked &, F f) {
    call([&] {
        for (dsa_pointer p = segment().duroxide_schemas; p != InvalidDsaPointer;) {
            auto *entry = address<SharedSchema>(p);
            p = entry->next;
            f(*entry);
        }
    });
}

} // namespace pgcrew::bgjob::duroxide
