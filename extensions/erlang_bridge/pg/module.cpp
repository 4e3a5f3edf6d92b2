// erlang_bridge: PostgreSQL as an Erlang node. README.md is the design.
#include "pg/bridge_start.hpp"
#include "pg/settings.hpp"
#include "pg/shared.hpp"
#include "pgcrew/boundary.hpp"
#include "pgcrew/compat.hpp"

PGCREW_MODULE_MAGIC("erlang_bridge");

namespace {
void init() {
    pgcrew::erlang_bridge::settings::define();
    if (process_shared_preload_libraries_in_progress) {
        pgcrew::erlang_bridge::request_shared_memory();
        pgcrew::erlang_bridge::register_workers();
    }
}
} // namespace

void _PG_init() { pgcrew::enter(init); } // NOLINT(bugprone-reserved-identifier)
