#include "pgcrew/worker.hpp"

#include "pgcrew/compat.hpp"

extern "C" {
#include <libpq/pqsignal.h>
#include <postmaster/interrupt.h>
#include <storage/ipc.h>
#include <storage/latch.h>
#include <tcop/tcopprot.h>
#include <utils/pidfile.h>
}

namespace pgcrew {
namespace {

template <std::size_t N> void copy_text(char (&to)[N], const std::string &from) {
    if (from.size() >= N)
        throw Error(sqlstate::invalid_parameter_value, "\"" + from + "\" is too long",
                    "A background worker takes at most " + std::to_string(N - 1) + " bytes here.");
    std::memcpy(to, from.c_str(), from.size() + 1);
}

BackgroundWorker to_server(const WorkerSpec &spec) {
    BackgroundWorker w{};
    w.bgw_flags = BGWORKER_SHMEM_ACCESS |
                  (spec.database_connection ? BGWORKER_BACKEND_DATABASE_CONNECTION : 0);
    w.bgw_start_time = spec.start_time == WorkerSpec::Start::ConsistentState
                           ? BgWorkerStart_ConsistentState
                           : BgWorkerStart_RecoveryFinished;
    w.bgw_restart_time = spec.restart_after.count() < 0
                             ? BGW_NEVER_RESTART
                             : static_cast<int>(spec.restart_after.count());
    copy_text(w.bgw_name, spec.name);
    copy_text(w.bgw_type, spec.type);
    copy_text(w.bgw_library_name, spec.library);
    copy_text(w.bgw_function_name, spec.entry);
    copy_text(w.bgw_extra, spec.extra);
    w.bgw_main_arg = spec.arg;
    w.bgw_notify_pid = spec.notify_pid;
    return w;
}

WorkerStatus from_server(BgwHandleStatus status) noexcept {
    switch (status) {
    case BGWH_STARTED:
        return WorkerStatus::Started;
    case BGWH_NOT_YET_STARTED:
        return WorkerStatus::NotYetStarted;
    case BGWH_STOPPED:
        return WorkerStatus::Stopped;
    case BGWH_POSTMASTER_DIED:
        break;
    }
    return WorkerStatus::PostmasterDied;
}
} // namespace

void register_worker(const WorkerSpec &spec) {
    BackgroundWorker w = to_server(spec);
    w.bgw_notify_pid = 0; // there is nobody to tell yet
    call([&] { RegisterBackgroundWorker(&w); });
}

std::optional<WorkerHandle> start_worker(const WorkerSpec &spec) {
    BackgroundWorker w = to_server(spec);
    if (w.bgw_notify_pid == 0)
        w.bgw_notify_pid = MyProcPid;
    BackgroundWorkerHandle *handle = call([&] {
        BackgroundWorkerHandle *h = nullptr;
        const MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
        const bool started = RegisterDynamicBackgroundWorker(&w, &h);
        MemoryContextSwitchTo(caller);
        return started ? h : nullptr;
    });
    if (handle == nullptr)
        return std::nullopt;
    return std::optional<WorkerHandle>(std::in_place, handle);
}

WorkerHandle::~WorkerHandle() {
    if (handle_ != nullptr)
        cleanup("freeing a worker's handle", [handle = handle_] { pfree(handle); });
}

pid_t WorkerHandle::pid() const {
    return call([&] {
        pid_t pid = 0;
        return GetBackgroundWorkerPid(handle_, &pid) == BGWH_STARTED ? pid : 0;
    });
}

WorkerStatus WorkerHandle::status() const {
    return from_server(call([&] {
        pid_t pid = 0;
        return GetBackgroundWorkerPid(handle_, &pid);
    }));
}

WorkerStatus WorkerHandle::wait_for_start() const {
    return from_server(call([&] {
        pid_t pid = 0;
        return WaitForBackgroundWorkerStartup(handle_, &pid);
    }));
}

WorkerStatus WorkerHandle::wait_for_stop() const {
    return from_server(call([&] { return WaitForBackgroundWorkerShutdown(handle_); }));
}

void WorkerHandle::terminate() const {
    call([&] { TerminateBackgroundWorker(handle_); });
}

void Worker::connect(const char *database, const char *role) {
    call([&] { BackgroundWorkerInitializeConnection(database, role, 0); });
}

void Worker::connect(Oid database, Oid role, bool bypass_login_check) {
    const uint32 flags = bypass_login_check ? compat::bypass_role_login_check : 0;
    call([&] { BackgroundWorkerInitializeConnectionByOid(database, role, flags); });
}

Worker::Wake Worker::wait(std::chrono::milliseconds timeout, uint32 wait_event) {
    // Whatever ran since the last sleep may have reset the latch (a lock wait does), so a set flag
    // does not imply a set latch: look at the flags before sleeping.
    const bool pending = ConfigReloadPending || ShutdownRequestPending;
    const int events = call([&] {
        const int rc = pending ? WL_LATCH_SET
                               : WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
                                           static_cast<long>(timeout.count()), wait_event);
        return rc;
    });
    if (serve())
        return Wake::Reload;
    return (events & WL_LATCH_SET) != 0 ? Wake::Latch : Wake::Timeout;
}

bool Worker::serve() {
    call([] {
        ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
    });
    return heed_reload();
}

bool heed_reload() {
    if (!ConfigReloadPending)
        return false;
    ConfigReloadPending = false;
    call([] { ProcessConfigFile(PGC_SIGHUP); });
    return true;
}

// The postmaster writes its status into its lock file before it signals anybody: pidfile.h.
bool server_is_stopping() noexcept {
    FILE *file = std::fopen("postmaster.pid", "r");
    if (file == nullptr)
        return false;
    char line[MAXPGPATH];
    bool stopping = false;
    for (int i = 1; i <= LOCK_FILE_LINE_PM_STATUS && std::fgets(line, sizeof line, file) != nullptr;
         ++i)
        stopping = i == LOCK_FILE_LINE_PM_STATUS &&
                   std::strncmp(line, PM_STATUS_STOPPING, sizeof(PM_STATUS_STOPPING) - 1) == 0;
    (void)std::fclose(file);
    return stopping;
}

bool Worker::stop_requested() const noexcept { return ShutdownRequestPending; }

void run_worker(OnTerm on_term, void (*body)(Worker &)) {
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    // The server's default handler raises FATAL within the signal handler, malloc or not.
    pqsignal(SIGTERM, on_term == OnTerm::Interrupt ? die : SignalHandlerForShutdownRequest);
    BackgroundWorkerUnblockSignals();
    enter([&] {
        // A SIGHUP between fork and pqsignal() was thrown away by the server's SIG_IGN.
        call([] { ProcessConfigFile(PGC_SIGHUP); });
        Worker worker;
        body(worker);
    });
    // Exit code 0 unregisters a worker for good, any other is a line in the log.
    if (ShutdownRequestPending)
        proc_exit(server_is_stopping() ? 0 : 1);
}
} // namespace pgcrew
