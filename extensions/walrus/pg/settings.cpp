#include "pg/settings.hpp"

#include "pg/fault.hpp"
#include "pgcrew/guc.hpp"

namespace pgcrew::walrus {

#ifdef PGCREW_FAULT_POINTS
char *fault_name = nullptr;
int clock_rate = 1;
#endif

namespace settings {

bool enable;
int mode, algorithm;
int max, threshold;
bool shrink_enable;
double shrink_factor;
int shrink_intervals, min_size;
int history_retention_days;
bool dry_run;
int cooldown_sec, max_changes_per_hour;
double disk_share;
int recovery_budget;
char *database, *notify_channel;

namespace {
const config_enum_entry modes[] = {{"auto", ModeAuto, false},
                                   {"advise", ModeAdvise, false},
                                   {"off", ModeOff, false},
                                   {nullptr, 0, false}};
const config_enum_entry algorithms[] = {{"rate", static_cast<int>(Algorithm::Rate), false},
                                        {"classic", static_cast<int>(Algorithm::Classic), false},
                                        {nullptr, 0, false}};

void define_switches() {
    define_bool({.name = "walrus.enable",
                 .help = "Enables automatic adjustment of max_wal_size.",
                 .long_help = "When off, walrus neither looks at WAL nor changes anything.",
                 .variable = &enable,
                 .boot = true,
                 .context = PGC_SIGHUP});
    define_enum({.name = "walrus.mode",
                 .help = "Sets whether walrus changes max_wal_size, only advises, or rests.",
                 .long_help = R"("advise" decides and reports as "auto" does and never writes.)",
                 .variable = &mode,
                 .boot = ModeAuto,
                 .options = modes,
                 .context = PGC_SIGHUP});
    define_bool({.name = "walrus.dry_run",
                 .help = "Logs and records decisions without applying them.",
                 .long_help = "The same as walrus.mode = advise.",
                 .variable = &dry_run,
                 .context = PGC_SIGHUP});
    define_enum({.name = "walrus.algorithm",
                 .help = "Sets the law that sizes max_wal_size.",
                 .long_help =
                     "\"rate\" measures WAL per checkpoint_timeout; \"classic\" multiplies the "
                     "size by the number of checkpoints forced by WAL plus one.",
                 .variable = &algorithm,
                 .boot = static_cast<int>(Algorithm::Rate),
                 .options = algorithms,
                 .context = PGC_SIGHUP});
}

void define_growth() {
    define_int({.name = "walrus.max",
                .help = "Sets the largest max_wal_size that walrus may set.",
                .long_help = "Free disk space and walrus.recovery_budget may limit it further.",
                .variable = &max,
                .boot = 4096,
                .min = 2,
                .context = PGC_SIGHUP,
                .flags = GUC_UNIT_MB});
    define_int({.name = "walrus.threshold",
                .help =
                    "Sets how many checkpoints forced by WAL within one checkpoint_timeout make "
                    "max_wal_size grow.",
                .long_help = "Checkpoints for any other reason do not count.",
                .variable = &threshold,
                .boot = 2,
                .min = 1,
                .max = 1000,
                .context = PGC_SIGHUP});
    define_real(
        {.name = "walrus.disk_share",
         .help = "Sets the share of the filesystem of pg_wal that max_wal_size may take.",
         .long_help = "0 means 0.6 where pg_wal is a filesystem of its own, otherwise 0.25.",
         .variable = &disk_share,
         .max = 1,
         .context = PGC_SIGHUP});
    define_int(
        {.name = "walrus.recovery_budget",
         .help = "Sets how long crash recovery may take; max_wal_size is limited to what can be "
                 "replayed in that time.",
         .long_help = "The rate of replay is learned from this server's own recoveries; 0 means "
                      "no limit.",
         .variable = &recovery_budget,
         .context = PGC_SIGHUP,
         .flags = GUC_UNIT_S});
}

void define_shrinking() {
    define_bool({.name = "walrus.shrink_enable",
                 .help = "Allows walrus to lower max_wal_size.",
                 .long_help = "Never below what the WAL of the last day needed.",
                 .variable = &shrink_enable,
                 .boot = true,
                 .context = PGC_SIGHUP});
    define_real({.name = "walrus.shrink_factor",
                 .help = "Sets the factor by which max_wal_size is lowered at most.",
                 .long_help = "0.75 takes away a quarter at once.",
                 .variable = &shrink_factor,
                 .boot = 0.75,
                 .min = 0.01,
                 .max = 0.99,
                 .context = PGC_SIGHUP});
    define_int({.name = "walrus.shrink_intervals",
                .help = "Sets how many checkpoint_timeouts without a checkpoint forced by WAL come "
                        "before max_wal_size is lowered.",
                .long_help = "A whole day must have been seen as well.",
                .variable = &shrink_intervals,
                .boot = 5,
                .min = 1,
                .max = 1000,
                .context = PGC_SIGHUP});
    define_int({.name = "walrus.min_size",
                .help = "Sets the size below which walrus does not lower max_wal_size.",
                .long_help = "Two WAL segments and min_wal_size are floors as well.",
                .variable = &min_size,
                .boot = 1024,
                .min = 2,
                .context = PGC_SIGHUP,
                .flags = GUC_UNIT_MB});
}

void define_pace() {
    define_int({.name = "walrus.cooldown_sec",
                .help = "Sets the least number of seconds between two changes; 0 means none.",
                .long_help =
                    "An increase within a checkpoint_timeout of another refines it and does "
                    "not wait.",
                .variable = &cooldown_sec,
                .boot = 300,
                .max = 86400,
                .context = PGC_SIGHUP});
    define_int({.name = "walrus.max_changes_per_hour",
                .help = "Sets how many changes any span of one hour may hold; 0 blocks all.",
                .long_help = "The hour slides: it is counted from each change.",
                .variable = &max_changes_per_hour,
                .boot = 4,
                .max = 1000,
                .context = PGC_SIGHUP});
}

void define_history() {
    define_int({.name = "walrus.history_retention_days",
                .help = "Sets the age in days from which rows of walrus.history are deleted.",
                .long_help = "0 means that all rows are deleted.",
                .variable = &history_retention_days,
                .boot = 7,
                .max = 3650,
                .context = PGC_SIGHUP});
    // Loaded later, no setting can be one of the server's start, and nobody reads this one.
    const GucContext at_start =
        process_shared_preload_libraries_in_progress ? PGC_POSTMASTER : PGC_SIGHUP;
    define_string({.name = "walrus.database",
                   .help = "Sets the database that holds walrus.history.",
                   .long_help = "Only the short-lived writer of the history connects to it.",
                   .variable = &database,
                   .boot = "postgres",
                   .context = at_start,
                   .flags = GUC_SUPERUSER_ONLY});
    define_string({.name = "walrus.notify_channel",
                   .help = "Sets the channel that is notified of each event in walrus.database.",
                   .long_help = "The payload is a JSON object; an empty name means none.",
                   .variable = &notify_channel,
                   .boot = "walrus_events",
                   .context = PGC_SIGHUP,
                   .check = [](char **value, void **, GucSource) {
                       if (std::strlen(*value) < NAMEDATALEN)
                           return true;
                       GUC_check_errdetail("A channel name is shorter than %d bytes.", NAMEDATALEN);
                       return false;
                   }});
}

#ifdef PGCREW_FAULT_POINTS
void define_faults() {
    define_string({.name = "walrus.fault",
                   .help = "Names a rare failure to happen; for tests only.",
                   .variable = &fault_name,
                   .boot = "",
                   .context = PGC_SIGHUP,
                   .flags = GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE});
    define_int({.name = "walrus.clock_rate",
                .help = "Makes the clock of the worker run faster; for tests only.",
                .variable = &clock_rate,
                .boot = 1,
                .min = 1,
                .max = 1000,
                .context = PGC_SIGHUP,
                .flags = GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE});
}
#endif
} // namespace

void define() {
    define_switches();
    define_growth();
    define_shrinking();
    define_pace();
    define_history();
#ifdef PGCREW_FAULT_POINTS
    define_faults();
#endif
    reserve_prefix("walrus");
}

bool off() { return !enable || mode == ModeOff; }
bool advising() { return dry_run || mode == ModeAdvise; }

Config law() {
    Config config;
    config.algorithm = static_cast<Algorithm>(algorithm);
    config.max_mb = max;
    config.threshold = threshold;
    config.shrink = shrink_enable;
    config.shrink_factor = shrink_factor;
    config.shrink_intervals = shrink_intervals;
    config.min_size_mb = min_size;
    config.cooldown_s = cooldown_sec;
    config.max_changes_per_hour = max_changes_per_hour;
    config.disk_share = disk_share;
    config.recovery_s = recovery_budget;
    config.advise = advising();
    return config;
}
} // namespace settings
} // namespace pgcrew::walrus
