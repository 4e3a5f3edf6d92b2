// walrus: max_wal_size that sets itself. README.md is the design.
#include "pg/log_hook.hpp"
#include "pg/settings.hpp"
#include "pg/shared.hpp"
#include "pg/worker.hpp"
#include "pgcrew/boundary.hpp"
#include "pgcrew/compat.hpp"

PGCREW_MODULE_MAGIC("walrus");

namespace {
void init() {
    pgcrew::walrus::settings::define();
    if (process_shared_preload_libraries_in_progress) {
        pgcrew::walrus::request_shared_memory();
        pgcrew::walrus::install_log_hook();
        pgcrew::walrus::register_worker();
    }
}
} // namespace

void _PG_init() { pgcrew::enter(init); } // NOLINT(bugprone-reserved-identifier)
