// pg_background's wait, cancel and detach, for one job and for all of the session.
#include "pg/compat_session.hpp"

#include <vector>

extern "C" {
#include <catalog/pg_collation.h>
#include <utils/builtins.h>
#include <utils/fmgrprotos.h>
}

namespace pgcrew::bgjob::pg_background {
namespace {

// Does something to each job that the caller may use and `wanted` accepts; how many those were.
template <class Wanted, class Act> int32 to_each(Wanted wanted, Act act) {
    std::vector<int32> pids; // the list changes under way
    for (const auto &[pid, job] : session().jobs)
        if (may_use(job) && wanted(job))
            pids.push_back(pid);
    for (const int32 pid : pids) {
        act(session().jobs.at(pid));
        check_for_interrupts();
    }
    return static_cast<int32>(pids.size());
}

bool any(const Attached &) { return true; }

bool has_ended(const Attached &job) { return wait_until_ended(job, 0); }

bool like(const std::string &label, const std::string &pattern) {
    return call([&] {
        return DatumGetBool(DirectFunctionCall2Coll(textlike, DEFAULT_COLLATION_OID,
                                                    make_text(label), make_text(pattern)));
    });
}

} // namespace

PGCREW_FUNCTION(bgjob_compat_wait) {
    const Args args(fcinfo);
    const int32 timeout_ms = args.count() > 2 ? args.int32(2) : 0;
    return result(fcinfo, wait_until_ended(named_by(args), timeout_ms > 0 ? timeout_ms : -1));
}

PGCREW_FUNCTION(bgjob_compat_wait_timeout) {
    const Args args(fcinfo);
    return result(fcinfo, wait_until_ended(named_by(args), Max(args.int32(2), 0)));
}

PGCREW_FUNCTION(bgjob_compat_cancel) {
    const Args args(fcinfo);
    cancel(named_by(args), args.count() > 2 ? args.int32(2) : 0);
    return Datum{0};
}

PGCREW_FUNCTION(bgjob_compat_detach) {
    release(named_by(Args(fcinfo)));
    return Datum{0};
}

PGCREW_FUNCTION(bgjob_compat_detach_all) { return result(fcinfo, to_each(any, release)); }

PGCREW_FUNCTION(bgjob_compat_cancel_all) {
    return result(fcinfo, to_each(any, [](Attached &job) { cancel(job, 0); }));
}

PGCREW_FUNCTION(bgjob_compat_purge) { return result(fcinfo, to_each(has_ended, release)); }

PGCREW_FUNCTION(bgjob_compat_cancel_by_label) {
    const Args args(fcinfo);
    const std::optional<std::string> pattern = args.opt_text(0);
    const int32 grace_ms = args.opt_int32(1).value_or(0);
    const auto matches = [&](const Attached &job) {
        return pattern && !job.label.empty() && like(job.label, *pattern);
    };
    return result(fcinfo, to_each(matches, [&](Attached &job) { cancel(job, grace_ms); }));
}

} // namespace pgcrew::bgjob::pg_background
