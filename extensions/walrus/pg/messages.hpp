// The lines that walrus writes to the server log. The primary messages are pg_walrus's, word for
// word, where it has one: people search for them. A state is logged when it changes.
#pragma once
#include "core/events.hpp"
#include "pgcrew/server_error.hpp"

#include <string>

namespace pgcrew::walrus::messages {

void started();
void shutting_down();
void baseline(const Sample &);
void reloaded();

void resized(int old_mb, const Decision &);
void shrunk(int old_mb, const Decision &);
void dry_run(int old_mb, const Decision &);
void capped(const Decision &, const std::string &unbind);
void at_maximum(int current_mb);
void blocked(const Decision &, int changes_per_hour);

void changed_by_others(int old_mb, int new_mb);
void overridden(const char *source, int target_mb);
void write_failed(const ServerErrorData &, int target_mb);
void not_taken(int target_mb, int current_mb);
void restored(int old_mb, int new_mb);
void reset();

void no_statistics();
void history_failed(const char *database);
} // namespace pgcrew::walrus::messages
