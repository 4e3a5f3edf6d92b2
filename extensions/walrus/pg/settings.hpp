// The settings of walrus; docs/walrus.md lists them with units and ranges. All are read when a
// decision is taken.
#pragma once
#include "core/law.hpp"
#include "pgcrew/postgres.hpp"

namespace pgcrew::walrus::settings {

enum Mode { ModeAuto, ModeAdvise, ModeOff };

extern bool enable;
extern int mode;
extern int algorithm; // Algorithm
extern int max;       // MB
extern int threshold; // checkpoints
extern bool shrink_enable;
extern double shrink_factor;
extern int shrink_intervals;
extern int min_size;               // MB
extern int history_retention_days; // 0: all are deleted
extern bool dry_run;               // as mode = advise
extern int cooldown_sec;           // s, 0: none
extern int max_changes_per_hour;
extern double disk_share;    // of the filesystem, 0: automatic
extern int recovery_budget;  // s, 0: none
extern char *database;       // of the history table
extern char *notify_channel; // empty: none

bool off();      // neither decides nor looks
bool advising(); // decides, never applies
Config law();    // what the law needs of them

void define();
} // namespace pgcrew::walrus::settings
