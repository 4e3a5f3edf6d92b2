// Cancel and terminate, in a loop of C++ and in a wait.
#include "pgcrew/args.hpp"
#include "pgcrew/spi.hpp"
#include "probe.hpp"

extern "C" {
#include <storage/ipc.h>
#include <storage/latch.h>
#include <utils/wait_event.h>
}

using selftest::Probe;

namespace {
void note_exit(int code, Datum) {
    ereport(LOG, (errmsg_internal("selftest: exit callback, code %d, alive %d", code,
                                  static_cast<int>(Probe::alive))));
}

void wait_on_latch() {
    pgcrew::call([] {
        (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 60000,
                        PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
    });
}
} // namespace

// Works for ever: in C++, waiting on a latch, or within a query.
PGCREW_FUNCTION(selftest_work) {
    const std::string where = pgcrew::Args(fcinfo).text(0);
    const Probe probe;
    for (;;) {
        if (where == "latch")
            wait_on_latch();
        else if (where == "query")
            pgcrew::Spi().execute("select pg_sleep(60)");
        else
            pgcrew::check_for_interrupts();
    }
}

PGCREW_FUNCTION(selftest_note_exit) {
    pgcrew::call([] { before_shmem_exit(pgcrew::callback<&note_exit>, Datum{0}); });
    PG_RETURN_VOID();
}

PGCREW_FUNCTION(selftest_fatal) {
    const Probe probe;
    pgcrew::call([] { ereport(FATAL, (errmsg("fatal on purpose"))); });
    PG_RETURN_VOID();
}
