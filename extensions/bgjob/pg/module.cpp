// bgjob: SQL in background workers, rows taken back later. README.md is the design.
#include "pg/registry.hpp"
#include "pg/settings.hpp"
#include "pg/supervisor.hpp"
#include "pgcrew/boundary.hpp"
#include "pgcrew/compat.hpp"

PGCREW_MODULE_MAGIC("bgjob");

namespace {
void init() {
    pgcrew::bgjob::settings::define();
    if (process_shared_preload_libraries_in_progress) {
        pgcrew::bgjob::request_shared_memory();
        pgcrew::bgjob::register_supervisor();
    }
}
} // namespace

void _PG_init() { pgcrew::enter(init); } // NOLINT(bugprone-reserved-identifier)
