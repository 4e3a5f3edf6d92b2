// Life of a background worker: describe it, register or start it, and its main function.
#pragma once
#include "pgcrew/guards.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

extern "C" {
#include <postmaster/bgworker.h>
}

namespace pgcrew {

struct WorkerSpec {
    enum class Start { ConsistentState, RecoveryFinished };

    std::string name, type, library, entry;
    std::chrono::seconds restart_after{-1}; // negative: never
    Datum arg = 0;
    std::string extra{};
    Start start_time = Start::RecoveryFinished;
    bool database_connection = true;
    pid_t notify_pid = 0; // told when the worker starts or stops; 0: the process that starts it
};

enum class WorkerStatus { NotYetStarted, Started, Stopped, PostmasterDied };

// A worker this process started. Destroying the handle leaves the worker alone.
class WorkerHandle : NoCopy {
  public:
    explicit WorkerHandle(BackgroundWorkerHandle *handle) noexcept : handle_(handle) {}
    WorkerHandle(WorkerHandle &&other) noexcept : handle_(other.handle_) {
        other.handle_ = nullptr;
    }
    WorkerHandle &operator=(WorkerHandle &&other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~WorkerHandle();

    pid_t pid() const; // 0 unless it runs
    WorkerStatus status() const;
    WorkerStatus wait_for_start() const; // interruptible; only where notify_pid is this process
    WorkerStatus wait_for_stop() const;  // likewise
    void terminate() const;

  private:
    BackgroundWorkerHandle *handle_;
};

void register_worker(const WorkerSpec &);                     // from _PG_init while preloading
std::optional<WorkerHandle> start_worker(const WorkerSpec &); // empty: no slot is free

// The running worker, as its body sees it.
class Worker {
  public:
    enum class Wake { Latch, Timeout, Reload };

    const char *extra() const noexcept { return MyBgworkerEntry->bgw_extra; }
    Datum arg() const noexcept { return MyBgworkerEntry->bgw_main_arg; }

    // A null role is the bootstrap superuser.
    void connect(const char *database, const char *role = nullptr);
    // `bypass_login_check` lets a NOLOGIN role in; it works from 17 on.
    void connect(Oid database, Oid role, bool bypass_login_check = false);

    // Sleeps on the latch; serves interrupts; re-reads the configuration after SIGHUP.
    Wake wait(std::chrono::milliseconds timeout, uint32 wait_event);
    // The same after a sleep of the caller's own, on more than the latch: resets the latch, serves
    // interrupts, re-reads the configuration; true if it did that.
    bool serve();
    bool stop_requested() const noexcept; // SIGTERM came, under OnTerm::Flag
};

enum class OnTerm {
    Interrupt, // SIGTERM ends the process at the next interrupt check: FATAL, no destructor runs
    Flag       // SIGTERM only sets stop_requested(): the body returns and destructors run
};

// Re-reads the configuration if SIGHUP came; true if it did. To be called before each sleep:
// whatever waits meanwhile resets the latch, but not the flag.
bool heed_reload();

// The postmaster has been told to shut the server down.
bool server_is_stopping() noexcept;

// Wraps the body: signals, exceptions, exit code. An exception is logged once and exits with 1, so
// that the restart policy applies; so does a return after SIGTERM while the server goes on. Any
// other return exits with 0, which unregisters the worker for good.
void run_worker(OnTerm, void (*body)(Worker &));
} // namespace pgcrew

// PGCREW_WORKER(name, on_term) { ... body using worker ... }
#define PGCREW_WORKER(name, on_term)                                                               \
    static void name##_body(::pgcrew::Worker &worker);                                             \
    extern "C" {                                                                                   \
    PGDLLEXPORT void name(Datum);                                                                  \
    }                                                                                              \
    extern "C" void name(Datum) { ::pgcrew::run_worker(on_term, name##_body); }                    \
    static void name##_body([[maybe_unused]] ::pgcrew::Worker &worker)
