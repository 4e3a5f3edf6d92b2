#include "pg/log.hpp"

#include "pg/settings.hpp"
#include "pgcrew/boundary.hpp"

namespace pgcrew::erlang_bridge {

void log_connected(const char *node) {
    if (settings::log_connections)
        call([&] { ereport(LOG, (errmsg("connected to Erlang node \"%s\"", node))); });
}

void log_lost(const char *node, Cause cause) {
    if (settings::log_connections)
        call([&] {
            ereport(LOG, (errmsg("disconnected from Erlang node \"%s\": %s", node, text(cause))));
        });
}

void log_attempt_failed(const char *node, Cause cause) {
    if (settings::trace)
        call([&] {
            ereport(DEBUG1,
                    (errmsg("could not connect to Erlang node \"%s\": %s", node, text(cause))));
        });
}

void log_ended(const char *node, std::int64_t request, Cause cause) {
    if (settings::trace)
        call([&] {
            ereport(DEBUG3, (errmsg("request %lld to Erlang node \"%s\" ended: %s",
                                    static_cast<long long>(request), node, text(cause))));
        });
}

void log_no_starter() {
    call([] {
        ereport(WARNING, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
                          errmsg("automatic Erlang nodes are not connected before they are used"),
                          errhint("Raise \"max_worker_processes\".")));
    });
}

void log_not_connected(const char *node, const Error &error) {
    call([&] {
        ereport(WARNING, (errcode(error.state().packed()),
                          errmsg("could not connect to Erlang node \"%s\"", node),
                          errdetail_internal("%s.", error.what())));
    });
}

} // namespace pgcrew::erlang_bridge
