// Workers: every way to start one, to stop one, and for one to end.
#include "pgcrew/args.hpp"
#include "pgcrew/compat.hpp"
#include "pgcrew/worker.hpp"
#include "pgcrew/xact.hpp"
#include "probe.hpp"

#include <stdexcept>
#include <sys/stat.h>

extern "C" {
#include <storage/ipc.h>
}

using selftest::Probe;

namespace {

void log(const char *what) {
    pgcrew::call([&] {
        ereport(LOG, (errmsg_internal("selftest worker: %s, naptime %d", what, selftest::naptime)));
    });
}

void act() {
    const Probe probe;
    switch (selftest::worker_action) {
    case selftest::Throw:
        throw std::runtime_error("worker failed on purpose");
    case selftest::ServerFailure:
        pgcrew::call([] { selftest::divide_by_zero(); });
        break;
    case selftest::Rollback:
        pgcrew::in_transaction([](pgcrew::Spi &spi) {
            spi.execute("insert into public.ticks values ($1)", "rolled back");
            throw pgcrew::Error(pgcrew::sqlstate::object_not_in_prerequisite_state,
                                "worker gave up its transaction");
        });
        break;
    default:
        pgcrew::in_transaction(
            [](pgcrew::Spi &spi) { spi.execute("insert into public.ticks values ($1)", "tick"); });
    }
}

void note_exit(int code, Datum) {
    ereport(LOG, (errmsg_internal("selftest worker: exit callback, code %d", code)));
}

void loop(pgcrew::Worker &worker) {
    struct Goodbye {
        ~Goodbye() {
            pgcrew::cleanup("saying goodbye", [] { log("destructor ran"); });
        }
    };
    const Goodbye goodbye;
    pgcrew::call([] { before_shmem_exit(pgcrew::callback<&note_exit>, Datum{0}); });
    worker.connect("postgres");
    log("started");
    while (!worker.stop_requested() && selftest::worker_action != selftest::Return) {
        act();
        if (worker.wait(std::chrono::milliseconds(selftest::naptime), PG_WAIT_EXTENSION) ==
            pgcrew::Worker::Wake::Reload)
            log("reloaded");
    }
}

pgcrew::WorkerSpec spec(const std::string &entry, const std::string &extra, int restart_after) {
    return {.name = "selftest " + entry,
            .type = "selftest",
            .library = "selftest",
            .entry = "selftest_" + entry,
            .restart_after = std::chrono::seconds(restart_after),
            .arg = Int32GetDatum(42),
            .extra = extra,
            .start_time = pgcrew::WorkerSpec::Start::ConsistentState,
            .database_connection = entry != "plain_worker"};
}

const char *name(pgcrew::WorkerStatus status) {
    switch (status) {
    case pgcrew::WorkerStatus::NotYetStarted:
        return "not yet started";
    case pgcrew::WorkerStatus::Started:
        return "started";
    case pgcrew::WorkerStatus::Stopped:
        return "stopped";
    case pgcrew::WorkerStatus::PostmasterDied:
        break;
    }
    return "postmaster died";
}

bool exists(const std::string &path) {
    struct stat found {};
    return stat(path.c_str(), &found) == 0;
}
} // namespace

PGCREW_WORKER(selftest_polite_worker, pgcrew::OnTerm::Flag) { loop(worker); }
PGCREW_WORKER(selftest_prompt_worker, pgcrew::OnTerm::Interrupt) { loop(worker); }

// Connects by OID, as the role that `extra` names by its OID; with or without the right to log in.
PGCREW_WORKER(selftest_role_worker, pgcrew::OnTerm::Interrupt) {
    unsigned database = 0, role = 0;
    if (std::sscanf(worker.extra(), "%u %u", &database, &role) != 2 ||
        DatumGetInt32(worker.arg()) != 42)
        throw std::runtime_error("the worker got other arguments than were given");
    worker.connect(database, role, true);
    pgcrew::in_transaction([](pgcrew::Spi &spi) {
        const auto user = spi.execute("select current_user::text").get<std::string>(0, 0);
        pgcrew::call([&] {
            ereport(LOG, (errmsg_internal("selftest worker: connected as %s", user.c_str())));
        });
    });
}

// Needs no database.
PGCREW_WORKER(selftest_plain_worker, pgcrew::OnTerm::Flag) {
    log("runs without a database");
    while (!worker.stop_requested())
        (void)worker.wait(std::chrono::milliseconds(60000), PG_WAIT_EXTENSION);
}

namespace selftest {

// While a worker's library is loaded the server ignores SIGHUP. A worker whose extra is
// "gate <path>" waits there until <path> exists, after it made <path>.reached.
void wait_at_gate() {
    constexpr std::string_view prefix = "gate ";
    if (MyBgworkerEntry == nullptr ||
        !std::string_view(MyBgworkerEntry->bgw_extra).starts_with(prefix))
        return;
    const std::string path = MyBgworkerEntry->bgw_extra + prefix.size();
    if (std::FILE *file = std::fopen((path + ".reached").c_str(), "w"))
        std::fclose(file);
    for (int i = 0; i < 6000 && !exists(path); ++i)
        pg_usleep(10000);
}

void register_at_preload() { pgcrew::register_worker(spec("polite_worker", "", 1)); }
} // namespace selftest

// Starts a worker; its process id, or null when no slot is free.
PGCREW_FUNCTION(selftest_start_worker) {
    const pgcrew::Args a(fcinfo);
    const auto worker = pgcrew::start_worker(spec(a.text(0), a.text(1), a.int32(2)));
    if (!worker)
        return pgcrew::null(fcinfo);
    if (!a.boolean(3)) // nobody waits for it
        PG_RETURN_INT32(0);
    (void)worker->wait_for_start();
    PG_RETURN_INT32(worker->pid());
}

// A worker's life as its handle tells it.
PGCREW_FUNCTION(selftest_worker_life) {
    const pgcrew::Args a(fcinfo);
    auto worker = pgcrew::start_worker(spec(a.text(0), "", -1));
    if (!worker)
        return pgcrew::null(fcinfo);
    std::string story = name(worker->wait_for_start());
    const pgcrew::WorkerHandle handle = std::move(*worker);
    story += handle.pid() != 0 ? ", has a pid" : ", has no pid";
    handle.terminate();
    story += std::string(", ") + name(handle.wait_for_stop());
    story += std::string(", ") + name(handle.status());
    story += handle.pid() != 0 ? ", has a pid" : ", has no pid";
    return pgcrew::result(fcinfo, story);
}
