// What differs between PostgreSQL 15 and 19: the only place that asks for the version.
// Functions are thin; call them where the server function of the same purpose may be called.
#pragma once
#include "pgcrew/boundary.hpp"

extern "C" {
#if PG_VERSION_NUM >= 160000
#include <varatt.h>
#endif
#include <access/heapam.h>
#include <access/tableam.h>
#include <access/xact.h>
#include <catalog/namespace.h>
#include <lib/dshash.h>
#include <libpq/pqsignal.h>
#include <pgstat.h>
#include <postmaster/bgworker.h>
#include <storage/condition_variable.h>
#include <storage/latch.h>
#include <storage/lock.h>
#include <storage/lwlock.h>
#include <tcop/pquery.h>
#include <utils/guc.h>
#include <utils/guc_tables.h>
#include <utils/jsonb.h>
#include <utils/regproc.h>
#include <utils/syscache.h>
#include <utils/timestamp.h>
#include <utils/wait_event.h>
#if PG_VERSION_NUM >= 170000
#include <storage/dsm_registry.h>
#endif
}

// The module's magic block, with name and version where the server keeps them.
#if PG_VERSION_NUM >= 180000
#define PGCREW_MODULE_MAGIC(module)                                                                \
    extern "C" {                                                                                   \
    PG_MODULE_MAGIC_EXT(.name = module, .version = PGCREW_VERSION);                                \
    PGDLLEXPORT void _PG_init(void);                                                               \
    }                                                                                              \
    static_assert(true)
#else
#define PGCREW_MODULE_MAGIC(module)                                                                \
    extern "C" {                                                                                   \
    PG_MODULE_MAGIC;                                                                               \
    PGDLLEXPORT void _PG_init(void);                                                               \
    }                                                                                              \
    static_assert(true)
#endif

namespace pgcrew::compat {

// --- shared memory ---------------------------------------------------------------------------
#if PG_VERSION_NUM >= 170000
inline constexpr bool has_dsm_registry = true;
#else
inline constexpr bool has_dsm_registry = false;
#endif

// Creates or attaches the segment `name`; `init` runs in the process that creates it, before any
// other can attach.
inline void *named_dsm_segment([[maybe_unused]] const char *name, [[maybe_unused]] size_t size,
                               [[maybe_unused]] void (*init)(void *)) {
#if PG_VERSION_NUM >= 190000
    bool found = false;
    return GetNamedDSMSegment(
        name, size, [](void *at, void *arg) { reinterpret_cast<void (*)(void *)>(arg)(at); },
        &found, reinterpret_cast<void *>(init));
#elif PG_VERSION_NUM >= 170000
    bool found = false;
    return GetNamedDSMSegment(name, size, init, &found);
#else
    return nullptr;
#endif
}

// A new tranche of lightweight locks. Before 19 only register_tranche() gives it its name, in each
// process.
inline int new_tranche([[maybe_unused]] const char *name) {
#if PG_VERSION_NUM >= 190000
    return LWLockNewTrancheId(name);
#else
    return LWLockNewTrancheId();
#endif
}

inline void register_tranche([[maybe_unused]] int tranche_id, [[maybe_unused]] const char *name) {
#if PG_VERSION_NUM < 190000
    LWLockRegisterTranche(tranche_id, name);
#endif
}

// Parameters of a dshash table whose keys are compared and hashed as plain memory.
inline dshash_parameters binary_dshash(size_t key_size, size_t entry_size, int tranche_id) {
    dshash_parameters p{};
    p.key_size = key_size;
    p.entry_size = entry_size;
    p.compare_function = dshash_memcmp;
    p.hash_function = dshash_memhash;
#if PG_VERSION_NUM >= 170000
    p.copy_function = dshash_memcpy;
#endif
    p.tranche_id = tranche_id;
    return p;
}

// --- workers ---------------------------------------------------------------------------------
// Lets a NOLOGIN role in; nothing before 17.
#if PG_VERSION_NUM >= 170000
inline constexpr uint32 bypass_role_login_check = BGWORKER_BYPASS_ROLELOGINCHECK;
#else
inline constexpr uint32 bypass_role_login_check = 0;
#endif

// A wait event shown under its name in pg_stat_activity; "Extension" before 17.
inline uint32 new_wait_event([[maybe_unused]] const char *name) {
#if PG_VERSION_NUM >= 170000
    return WaitEventExtensionNew(name);
#else
    return PG_WAIT_EXTENSION;
#endif
}

// What a process sleeps on; it lives until FreeWaitEventSet(), whatever becomes of transactions.
inline WaitEventSet *new_wait_event_set(int events) {
#if PG_VERSION_NUM >= 170000
    return CreateWaitEventSet(nullptr, events);
#else
    return CreateWaitEventSet(TopMemoryContext, events);
#endif
}

// The process takes no notice of the signal.
inline void ignore_signal(int number) {
#if PG_VERSION_NUM >= 190000
    pqsignal(number, PG_SIG_IGN);
#else
    pqsignal(number, SIG_IGN);
#endif
}

// --- settings --------------------------------------------------------------------------------
struct Settings {
    config_generic **list;
    int count;
};
// All settings, in a palloc'd array from 16 on.
inline Settings all_settings() {
    Settings all{};
#if PG_VERSION_NUM >= 160000
    all.list = get_guc_variables(&all.count);
#else
    all.list = get_guc_variables();
    all.count = GetNumConfigOptions();
#endif
    return all;
}

// --- statistics ------------------------------------------------------------------------------
// Bytes of full-page images in WAL so far; before 19 only their number is known, and each is taken
// for a whole page.
inline int64 full_page_image_bytes(const PgStat_WalStats &stats) {
#if PG_VERSION_NUM >= 190000
    return static_cast<int64>(stats.wal_counters.wal_fpi_bytes);
#elif PG_VERSION_NUM >= 180000
    return stats.wal_counters.wal_fpi * BLCKSZ;
#else
    return stats.wal_fpi * BLCKSZ;
#endif
}

// Checkpoints that anything but time started; on 15 and 16 restartpoints are among them.
inline int64 requested_checkpoints(const PgStat_CheckpointerStats &stats) {
#if PG_VERSION_NUM >= 170000
    return stats.num_requested;
#else
    return stats.requested_checkpoints;
#endif
}

// --- messages --------------------------------------------------------------------------------
// log_min_messages as the checkpointer has it; from 19 on each kind of process has its own.
inline int checkpointer_log_level() noexcept {
#if PG_VERSION_NUM >= 190000
    return log_min_messages[B_CHECKPOINTER];
#else
    return log_min_messages;
#endif
}

// --- caches ----------------------------------------------------------------------------------
// The cache of the system catalogues that a callback is told of.
#if PG_VERSION_NUM >= 190000
using CatalogCache = SysCacheIdentifier;
#else
using CatalogCache = int;
#endif

// --- time ------------------------------------------------------------------------------------
// -1, 0 or 1: minus infinity, finite, infinity.
inline int interval_infinity([[maybe_unused]] const Interval *interval) {
#if PG_VERSION_NUM >= 170000
    return INTERVAL_IS_NOBEGIN(interval) ? -1 : INTERVAL_IS_NOEND(interval) ? 1 : 0;
#else
    return 0;
#endif
}

// --- jsonb -----------------------------------------------------------------------------------
// A jsonb value that is put together from zeroes on; `result` is set once it is complete.
#if PG_VERSION_NUM >= 190000
using JsonbBuilder = JsonbInState;
#else
struct JsonbBuilder {
    JsonbValue *result;
    JsonbParseState *open;
};
#endif

inline void push_jsonb(JsonbBuilder &builder, JsonbIteratorToken token, JsonbValue *value) {
#if PG_VERSION_NUM >= 190000
    pushJsonbValue(&builder, token, value);
#else
    builder.result = pushJsonbValue(&builder.open, token, value);
#endif
}

// --- names -----------------------------------------------------------------------------------
inline List *qualified_name(const char *text) {
#if PG_VERSION_NUM >= 160000
    return stringToQualifiedNameList(text, nullptr);
#else
    return stringToQualifiedNameList(text);
#endif
}

// All functions and procedures of a name that can be seen.
inline FuncCandidateList routines_named(List *names) {
#if PG_VERSION_NUM >= 190000
    int flags = 0;
    return FuncnameGetCandidates(names, -1, NIL, false, false, true, true, &flags);
#else
    return FuncnameGetCandidates(names, -1, NIL, false, false, true, true);
#endif
}

// --- locks -----------------------------------------------------------------------------------
inline bool lock_held_by_me(const LOCKTAG *tag, LOCKMODE mode) {
#if PG_VERSION_NUM >= 170000
    return LockHeldByMe(tag, mode, false);
#else
    return LockHeldByMe(tag, mode);
#endif
}

// --- tables ----------------------------------------------------------------------------------
// Without waiting for others who have the row, unless asked to.
inline TM_Result delete_row(Relation relation, ItemPointer place, Snapshot snapshot,
                            TM_FailureData *failure, bool wait = false) {
#if PG_VERSION_NUM >= 190000
    return table_tuple_delete(relation, place, GetCurrentCommandId(true), 0, snapshot,
                              InvalidSnapshot, wait, failure);
#else
    return table_tuple_delete(relation, place, GetCurrentCommandId(true), snapshot, InvalidSnapshot,
                              wait, failure, false);
#endif
}

// Puts a tuple in the place of a row that is locked; false if it was not, and has been changed.
inline bool update_row(Relation relation, ItemPointer place, HeapTuple tuple) {
    TM_FailureData failure;
    LockTupleMode mode = LockTupleNoKeyExclusive;
#if PG_VERSION_NUM >= 190000
    TU_UpdateIndexes indexes = TU_None;
    return heap_update(relation, place, tuple, GetCurrentCommandId(true), 0, InvalidSnapshot, true,
                       &failure, &mode, &indexes) == TM_Ok;
#elif PG_VERSION_NUM >= 160000
    TU_UpdateIndexes indexes = TU_None;
    return heap_update(relation, place, tuple, GetCurrentCommandId(true), InvalidSnapshot, true,
                       &failure, &mode, &indexes) == TM_Ok;
#else
    return heap_update(relation, place, tuple, GetCurrentCommandId(true), InvalidSnapshot, true,
                       &failure, &mode) == TM_Ok;
#endif
}

// Ends a sleep on a condition variable. True if the process was woken for nothing, so that another
// one should be; before 16 the server sees to that itself.
inline bool cancel_sleep() {
#if PG_VERSION_NUM >= 160000
    return ConditionVariableCancelSleep();
#else
    ConditionVariableCancelSleep();
    return false;
#endif
}

// --- executor --------------------------------------------------------------------------------
// Runs a portal to its end, once.
inline void run_portal(Portal portal, bool top_level, DestReceiver *to,
                       QueryCompletion *completion) {
#if PG_VERSION_NUM >= 180000
    (void)PortalRun(portal, FETCH_ALL, top_level, to, to, completion);
#else
    (void)PortalRun(portal, FETCH_ALL, top_level, true, to, to, completion);
#endif
}
} // namespace pgcrew::compat
