// status(), recommendation() and analyze(): the functions of pg_walrus, with its names and keys.
#include "core/explain.hpp"
#include "pg/requests.hpp"
#include "pg/settings.hpp"
#include "pg/shown.hpp"
#include "pgcrew/args.hpp"
#include "pgcrew/json.hpp"

#include <algorithm>

extern "C" {
#include <access/xact.h>
#include <access/xlog.h>
#include <postmaster/bgwriter.h>
#include <utils/acl.h>
}

namespace pgcrew::walrus {
namespace {

constexpr std::int64_t second = 1000000;

// --- status() -------------------------------------------------------------------------------

Json configured() {
    return {{"enabled", settings::enable},
            {"mode", setting("walrus.mode")},
            {"algorithm", setting("walrus.algorithm")},
            {"dry_run", settings::dry_run},
            {"current_max_wal_size_mb", max_wal_size_mb},
            {"configured_maximum_mb", settings::max},
            {"threshold", settings::threshold},
            {"checkpoint_timeout_sec", CheckPointTimeout},
            {"shrink_enabled", settings::shrink_enable},
            {"shrink_factor", settings::shrink_factor},
            {"shrink_intervals", settings::shrink_intervals},
            {"min_size_mb", settings::min_size},
            {"cooldown_sec", settings::cooldown_sec},
            {"max_changes_per_hour", settings::max_changes_per_hour},
            {"at_ceiling", max_wal_size_mb >= settings::max}};
}

// Of a server without walrus in shared_preload_libraries: the picture of a worker that never ran.
Json observed(const Picture &p) {
    const Decision &d = p.decision;
    const std::int64_t cooldown = std::max<std::int64_t>(p.cooldown_until - now_us(), 0);
    return {{"worker_running", p.pid != 0},
            {"worker_pid", p.pid != 0 ? Json(p.pid) : Json()},
            {"last_check_time", moment_json(p.checked_at)},
            {"last_adjustment_time", moment_json(p.adjusted_at)},
            {"total_adjustments", p.total_adjustments},
            {"quiet_intervals", d.quiet_intervals},
            {"cooldown_active", cooldown > 0},
            {"cooldown_remaining_sec", (cooldown + second - 1) / second},
            {"changes_this_hour", d.changes_this_hour},
            {"hourly_window_start", moment_json(p.hour_began)},
            {"hourly_limit_reached", d.changes_this_hour >= settings::max_changes_per_hour},
            {"bound", limited(d) ? Json(name(d.limit)) : Json()},
            {"recommended_max_wal_size_mb", has_decision(p) ? Json(d.recommended_mb) : Json()},
            {"original_max_wal_size_mb", p.original.known ? Json(p.original.size_mb) : Json()},
            {"exact_causes", p.exact_causes},
            {"failure_sqlstate",
             p.failure.sqlstate != 0 ? Json(SqlState(p.failure.sqlstate).text()) : Json()},
            {"retry_at", moment_json(p.retry_at)}};
}

// --- recommendation() -----------------------------------------------------------------------

// How far the figures carry: a full window counts 80, exact causes 20.
int confidence(const Picture &p) noexcept {
    const std::int64_t timeout = std::max<std::int64_t>(p.environment.timeout_us, 1);
    const std::int64_t window = std::clamp<std::int64_t>(p.decision.window_us, 0, timeout);
    return static_cast<int>(80 * window / timeout) + (p.exact_causes ? 20 : 0);
}

Json recommendation(const std::optional<Picture> &p) {
    const bool known = p && has_decision(*p);
    const bool wants = known && p->standing != Standing::Off;
    const int current = known ? p->decision.current_mb : max_wal_size_mb;
    const int recommended = wants ? p->decision.recommended_mb : current;
    const char *action = !known                  ? "error"
                         : recommended > current ? "increase"
                         : recommended < current ? "decrease"
                                                 : "none";
    return {{"current_size_mb", current},
            {"recommended_size_mb", recommended},
            {"action", action},
            {"reason", p ? explanation(*p) : "walrus is not in shared_preload_libraries"},
            {"confidence", known ? confidence(*p) : 0}};
}

// --- analyze() ------------------------------------------------------------------------------

// Who may change the size by ALTER SYSTEM may have walrus do it.
void check_may_apply() {
    const bool may = call([] {
        return pg_parameter_aclcheck("max_wal_size", GetUserId(), ACL_ALTER_SYSTEM) == ACLCHECK_OK;
    });
    if (!may)
        throw Error(sqlstate::insufficient_privilege, "permission denied to apply max_wal_size",
                    "Only roles with the ALTER SYSTEM privilege on parameter \"max_wal_size\" may "
                    "apply what walrus recommends.");
}

Json applied_now() {
    check_may_apply();
    call([] { PreventInTransactionBlock(true, "walrus.analyze() with apply"); });
    const Answer answer = ask_worker(Request::Apply);
    if (answer.outcome == Outcome::Failed)
        throw Error(SqlState(answer.sqlstate), answer.message, {}, answer.hint);
    Json report{{"applied", answer.outcome == Outcome::Done}};
    if (answer.outcome != Outcome::Done)
        report["reason"] = answer.message;
    return report;
}

} // namespace

PGCREW_FUNCTION(walrus_status) {
    const std::optional<Picture> p = seen();
    Json status = configured();
    status.update(observed(p.value_or(Picture{})));
    status["preloaded"] = p.has_value();
    status["standing"] = p ? Json(name(p->standing)) : Json();
    return result(fcinfo, Jsonb{dump_json(status)});
}

PGCREW_FUNCTION(walrus_recommendation) {
    return result(fcinfo, Jsonb{dump_json(recommendation(seen()))});
}

PGCREW_FUNCTION(walrus_analyze) {
    const bool apply = Args(fcinfo).boolean(0, "apply");
    const Json found = recommendation(seen()); // what there is to apply, hence looked at before
    Json report = apply ? applied_now() : Json{{"applied", false}};
    report["analyzed"] = found["action"] != "error";
    if (report["analyzed"])
        report["recommendation"] = found;
    else
        report.emplace("reason", found["reason"]);
    return result(fcinfo, Jsonb{dump_json(report)});
}
} // namespace pgcrew::walrus
