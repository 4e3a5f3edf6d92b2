// The worker pg_walrus: one a server, without a database.
#pragma once

namespace pgcrew::walrus {
void register_worker(); // from _PG_init while preloading
}
