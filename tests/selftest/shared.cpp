// Shared state, born in whichever way the library was loaded.
#include "pgcrew/args.hpp"
#include "pgcrew/shmem.hpp"
#include "probe.hpp"

extern "C" {
#include <port/atomics.h>
}

namespace {
struct Root {
    LWLock lock;
    std::int64_t count;
    std::int32_t born_in;
    bool clean; // all of it was zero at birth
    pg_atomic_uint32 holding;

    static void init(Root &root, int tranche_id) noexcept {
        root.clean = root.count == 0 && root.born_in == 0;
        root.born_in = MyProcPid;
        pg_atomic_init_u32(&root.holding, 0);
        LWLockInitialize(&root.lock, tranche_id);
    }
};

constinit pgcrew::SharedState<Root> shared{"selftest"};
} // namespace

namespace selftest {
void request_shared_state() { shared.request_if_preloading(); }
} // namespace selftest

// Counts up under the lock; says who made the state.
PGCREW_FUNCTION(selftest_shared_count) {
    Root &root = shared.get();
    std::int64_t count = 0;
    {
        const pgcrew::LockGuard lock(&root.lock, LW_EXCLUSIVE);
        count = ++root.count;
    }
    return pgcrew::Record(fcinfo).make({count, root.born_in, root.clean});
}

// The count without creating or attaching anything.
PGCREW_FUNCTION(selftest_shared_find) {
    const Root *root = shared.find();
    return pgcrew::result(fcinfo, root != nullptr ? std::optional(root->count) : std::nullopt);
}

// Holds the lock until told to let go, or for a minute: a waiter shows the name of the tranche.
PGCREW_FUNCTION(selftest_shared_hold) {
    Root &root = shared.get();
    const pgcrew::LockGuard lock(&root.lock, LW_EXCLUSIVE);
    pg_atomic_write_u32(&root.holding, 1);
    for (int i = 0; i < 6000 && pg_atomic_read_u32(&root.holding) == 1; ++i)
        pg_usleep(10000);
    PG_RETURN_VOID();
}
PGCREW_FUNCTION(selftest_shared_holding) {
    PG_RETURN_BOOL(pg_atomic_read_u32(&shared.get().holding) == 1);
}
PGCREW_FUNCTION(selftest_shared_release) {
    pg_atomic_write_u32(&shared.get().holding, 0);
    PG_RETURN_VOID();
}
