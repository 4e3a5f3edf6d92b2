// run(): launch, read, detach.
#include "pg/access.hpp"
#include "pg/control.hpp"
#include "pg/launch.hpp"
#include "pg/result.hpp"

extern "C" {
#include <storage/ipc.h>
}

namespace pgcrew::bgjob {
namespace {

// The job of a run() belongs to it: it ends when the caller gives up, in whatever way.
class OwnJob : NoCopy {
  public:
    explicit OwnJob(const LaunchRequest &request) : outer_(innermost_) {
        static bool registered = false;
        if (!registered)
            call([] { before_shmem_exit(callback<&session_ends>, 0); });
        registered = true;
        handle_ = launch_job(request);
        innermost_ = this;
    }
    ~OwnJob() {
        innermost_ = outer_;
        give_up();
    }
    const Handle &handle() const noexcept { return handle_; }

  private:
    // Does no harm to a job that has ended, but for forgetting it.
    void give_up() const noexcept {
        cleanup("ending the job of bgjob.run", [h = handle_] { cancel_and_detach(h); });
    }
    static void cancel_and_detach(const Handle &h) {
        try {
            if (!wait_for_end(h.id, h.cookie, 0))
                cancel_job(h.id, h.cookie, 0);
            detach_job(h.id, h.cookie);
        } catch (const Error &e) {
            if (e.state() != sqlstate::undefined_object) // somebody else was faster
                throw;
        }
    }
    // FATAL runs no destructor.
    static void session_ends(int, Datum) {
        for (const OwnJob *job = innermost_; job != nullptr; job = job->outer_)
            job->give_up();
        innermost_ = nullptr;
    }

    static inline const OwnJob *innermost_ = nullptr;
    const OwnJob *outer_;
    Handle handle_{};
};

} // namespace

PGCREW_FUNCTION(bgjob_run) {
    const Args args(fcinfo);
    LaunchRequest request;
    request.sql = args.text(0, "sql");
    request.timeout_ms = args.opt_interval_ms(1).value_or(0);
    const SetResult rows(fcinfo);
    const OwnJob job(request);
    put_rows_as_json(job.handle().id, job.handle().cookie, RowRange{}, rows);
    return rows.done();
}

} // namespace pgcrew::bgjob
