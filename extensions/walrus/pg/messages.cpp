#include "pg/messages.hpp"

#include "core/explain.hpp"
#include "pgcrew/boundary.hpp"
#include "pgcrew/server_error.hpp"

namespace pgcrew::walrus::messages {
namespace {

int seconds(std::int64_t us) noexcept { return static_cast<int>(us / 1'000'000); }

// `detail` and `hint` may be empty.
void say(int level, const std::string &message, const std::string &detail = {},
         const std::string &hint = {}, int code = ERRCODE_SUCCESSFUL_COMPLETION) {
    const char *text = message.c_str(), *more = detail.c_str(), *advice = hint.c_str();
    call([&] {
        ereport(level, (errcode(code), errmsg_internal("%s", text),
                        *more != '\0' ? errdetail_internal("%s", more) : 0,
                        *advice != '\0' ? errhint("%s", advice) : 0));
    });
}

std::string megabytes(int mb) { return std::to_string(mb) + " MB"; }

std::string from_to(int old_mb, int new_mb) {
    return "max_wal_size from " + megabytes(old_mb) + " to " + megabytes(new_mb);
}

// The figures behind a change, in one line.
std::string figures(const Decision &d) {
    std::string text =
        "Within " + std::to_string(seconds(d.window_us)) + " s: " + std::to_string(d.forced) +
        " checkpoints by WAL, " + std::to_string(d.timed) + " by time, " + std::to_string(d.other) +
        " for other reasons. Demand is " + pretty_bytes(d.demand) + " per checkpoint_timeout; " +
        pretty_bytes(d.trigger) + " force a checkpoint.";
    if (limited(d))
        text += " " + megabytes(d.want_mb) + " are wanted; the limit is " +
                std::string(name(d.limit)) + ".";
    return text;
}
} // namespace

void started() { say(LOG, "pg_walrus worker started"); }
void shutting_down() { say(LOG, "pg_walrus worker shutting down"); }

void baseline(const Sample &sample) {
    say(DEBUG1, "pg_walrus: established baseline of " + std::to_string(sample.forced) +
                    " forced checkpoints");
}

void reloaded() { say(DEBUG1, "pg_walrus: configuration reloaded"); }

void resized(int old_mb, const Decision &d) {
    if (d.forced > 0)
        say(LOG, "pg_walrus: detected " + std::to_string(d.forced) + " forced checkpoints over " +
                     std::to_string(seconds(d.window_us)) + " seconds");
    say(LOG, "pg_walrus: resizing " + from_to(old_mb, d.target_mb), figures(d));
}

void shrunk(int old_mb, const Decision &d) {
    say(LOG, "pg_walrus: shrinking " + from_to(old_mb, d.target_mb), figures(d));
}

void dry_run(int old_mb, const Decision &d) {
    const char *why = d.action == Action::Decrease          ? "sustained low activity"
                      : d.limit == Limit::Max && limited(d) ? "capped at walrus.max"
                      : d.reason == Reason::HighUtilisation ? "high utilisation"
                                                            : "threshold exceeded";
    say(LOG, "pg_walrus [DRY-RUN]: would change " + from_to(old_mb, d.target_mb) + " (" + why + ")",
        figures(d), "To change it by hand: " + statement_to_set(d.target_mb));
}

void capped(const Decision &d, const std::string &unbind) {
    say(WARNING,
        "pg_walrus: requested max_wal_size of " + megabytes(d.want_mb) + " exceeds maximum of " +
            megabytes(d.cap_mb) + "; using maximum",
        figures(d), unbind);
}

void at_maximum(int current_mb) {
    say(DEBUG1, "pg_walrus: max_wal_size is already at its maximum of " + megabytes(current_mb));
}

void blocked(const Decision &d, int changes_per_hour) {
    const char *what = d.want_mb < d.current_mb ? "shrink" : "adjustment";
    if (d.reason == Reason::Cooldown)
        say(LOG, std::string("pg_walrus: ") + what + " blocked - cooldown active (" +
                     std::to_string(seconds(d.wait_us + 999'999)) + " seconds remaining)");
    else
        say(LOG, std::string("pg_walrus: ") + what + " blocked - hourly limit reached (" +
                     std::to_string(d.changes_this_hour) + " of " +
                     std::to_string(changes_per_hour) + ")");
}

void changed_by_others(int old_mb, int new_mb) {
    say(LOG, "pg_walrus: found " + from_to(old_mb, new_mb) + " changed by somebody else",
        "What the last checkpoint_timeout taught is forgotten; walrus will not shrink below this "
        "value.");
}

void overridden(const char *source, int target_mb) {
    say(WARNING, "pg_walrus: max_wal_size is out of reach of ALTER SYSTEM",
        std::string("Its value comes from the ") + source + ".",
        "Remove it there; " + megabytes(target_mb) + " are recommended.");
}

void write_failed(const ServerErrorData &error, int target_mb) {
    say(WARNING, "pg_walrus: failed to execute ALTER SYSTEM, will retry next cycle",
        "SQLSTATE " + error.state.text() + ": " + error.message.value_or("") + ".",
        "Until it works walrus only advises: " + statement_to_set(target_mb), error.state.packed());
}

void not_taken(int target_mb, int current_mb) {
    say(WARNING, "pg_walrus: the server did not take max_wal_size = " + megabytes(target_mb),
        "It is in postgresql.auto.conf, and " + megabytes(current_mb) + " are still in force.",
        "See pg_file_settings for errors in the configuration files.");
}

void restored(int old_mb, int new_mb) {
    say(LOG, "pg_walrus: restored " + from_to(old_mb, new_mb));
}

void reset() { say(LOG, "pg_walrus: forgot what it had learned"); }

void no_statistics() {
    say(WARNING, "pg_walrus: checkpoint statistics unavailable, skipping cycle");
}

void history_failed(const char *database) {
    say(WARNING,
        std::string("pg_walrus: could not write the history in database \"") + database + "\"",
        "Events stay readable in walrus.events; sizing goes on. It is tried again from time to "
        "time.");
}
} // namespace pgcrew::walrus::messages
