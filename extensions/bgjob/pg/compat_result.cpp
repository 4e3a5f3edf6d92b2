// pg_background's result.
#include "pg/compat_result.hpp"

#include "pg/result.hpp"

namespace pgcrew::bgjob::pg_background {
namespace {

bool ended_with_error(const Attached &job) {
    const std::optional<Standing> standing = standing_of(job);
    return standing && finished(standing->state) && standing->state != JobState::Succeeded;
}

// The end of a reading, however it comes about.
class Reading : NoCopy {
  public:
    explicit Reading(Attached &job) noexcept : job_(job) {}
    ~Reading() {
        cleanup("detaching a job whose rows were taken", [this] {
            if (complete_ || ended_with_error(job_))
                release(job_);
        });
    }
    void complete() noexcept { complete_ = true; }

  private:
    Attached &job_;
    bool complete_ = false;
};

} // namespace

Datum take_rows(FunctionCallInfo fcinfo, Attached &job) {
    if (!job.keeps_rows)
        throw Error(sqlstate::feature_not_supported, "results are disabled for PID " +
                                                         std::to_string(job.pid) +
                                                         " (submitted via pg_background_submit)");
    Reading reading(job);
    const Datum rows = return_rows(fcinfo, job.handle.id, job.handle.cookie, RowRange{});
    reading.complete();
    return rows;
}

PGCREW_FUNCTION(bgjob_compat_result) { return take_rows(fcinfo, named_by(Args(fcinfo))); }

} // namespace pgcrew::bgjob::pg_background
