// Counts the server's own log lines about checkpoints, in the process that writes them: the only
// exact source of their causes.
#pragma once

namespace pgcrew::walrus {
void install_log_hook(); // from _PG_init while preloading
}
