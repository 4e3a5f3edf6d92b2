#include "pg/settings.hpp"

#include "core/net/address_filter.hpp"
#include "core/policy/pattern.hpp"
#include "pgcrew/guc.hpp"

namespace pgcrew::erlang_bridge::settings {

int mode;
int workers, max_nodes, max_requests;
char *database;
int connections_per_node;
int call_timeout, max_timeout, connect_timeout;
int tick_time, idle_timeout, max_age;
int max_requests_per_role;
int result_retention;
int result_memory, max_term_size;
int max_depth;
int backoff_base, backoff_cap;
double backoff_multiplier;
int breaker_failures;
int breaker_window, breaker_pause;
double call_rate, connect_rate;
int byte_rate;
char *allowed_nodes, *denied_addresses, *key_file;
int epmd_port;
char *own_host;
bool log_connections, trace;

namespace {

const config_enum_entry modes[] = {{"auto", ModeAuto, false},
                                   {"worker", ModeWorker, false},
                                   {"direct", ModeDirect, false},
                                   {nullptr, 0, false}};

// An address that cannot be read must not be one that is let through.
bool check_addresses(char **value, void **, GucSource) {
    if (AddressFilter::parse(*value))
        return true;
    GUC_check_errdetail("A list of addresses is expected, each with the length of its prefix if it "
                        "is a range: \"10.0.0.0/8, ::1\".");
    return false;
}

bool check_nodes(char **value, void **, GucSource) {
    if (valid_node_list(*value))
        return true;
    GUC_check_errdetail("It is a list of node names separated by commas, in which \"*\" stands for "
                        "any run of characters.");
    return false;
}

void define_capacity() {
    define_enum({.name = "erlang_bridge.mode",
                 .help = "Sets whether calls go through the bridge worker or directly from the "
                         "session; auto is directly only where there can be no worker.",
                 .long_help = "Directly, no limit on rates and numbers of requests counts: only "
                              "superusers can set it.",
                 .variable = &mode,
                 .boot = ModeAuto,
                 .options = modes,
                 .context = PGC_SUSET});
    define_int({.name = "erlang_bridge.workers",
                .help = "Sets the number of bridge workers, among which the nodes are divided.",
                .long_help = "Read when the bridge is used first in the life of the server.",
                .variable = &workers,
                .boot = 1,
                .min = 1,
                .max = 16,
                .context = PGC_SIGHUP});
    define_int({.name = "erlang_bridge.max_nodes",
                .help = "Sets how many nodes can be in use at the same time.",
                .long_help = "Read when the bridge is used first in the life of the server.",
                .variable = &max_nodes,
                .boot = 64,
                .min = 1,
                .max = 1024,
                .context = PGC_SIGHUP});
    define_int({.name = "erlang_bridge.max_requests",
                .help = "Sets how many requests of all sessions can be pending, unread results "
                        "included.",
                .long_help = "Read when the bridge is used first in the life of the server.",
                .variable = &max_requests,
                .boot = 16384,
                .min = 16,
                .max = 65536,
                .context = PGC_SIGHUP});
    define_int({.name = "erlang_bridge.max_requests_per_role",
                .help = "Sets how many requests of one role can be pending, unread results "
                        "included; 0 means no limit of its own.",
                .variable = &max_requests_per_role,
                .boot = 12288,
                .max = 65536,
                .context = PGC_SUSET});
    define_int({.name = "erlang_bridge.result_memory",
                .help = "Sets how much shared memory unread results may take.",
                .variable = &result_memory,
                .boot = 256 * 1024,
                .min = 64,
                .max = MAX_KILOBYTES,
                .context = PGC_SIGHUP,
                .flags = GUC_UNIT_KB});
    define_int({.name = "erlang_bridge.result_retention",
                .help = "Sets how long the result of an asynchronous call is kept unread.",
                .variable = &result_retention,
                .boot = 300,
                .min = 1,
                .context = PGC_SIGHUP,
                .flags = GUC_UNIT_S});
    define_int({.name = "erlang_bridge.max_term_size",
                .help = "Sets the size of the largest term that is sent or accepted.",
                .variable = &max_term_size,
                .boot = 64 * 1024,
                .min = 1,
                .max = 1024 * 1024 - 1,
                .context = PGC_SUSET,
                .flags = GUC_UNIT_KB});
    define_int({.name = "erlang_bridge.max_depth",
                .help = "Sets how deep the terms that are sent or accepted may be nested.",
                .variable = &max_depth,
                .boot = 1000,
                .min = 1,
                .max = 10000,
                .context = PGC_SUSET});
}

void define_times() {
    define_int({.name = "erlang_bridge.call_timeout",
                .help = "Sets how long a call waits for its result when it names no timeout.",
                .variable = &call_timeout,
                .boot = 5000,
                .min = 1,
                .flags = GUC_UNIT_MS});
    define_int({.name = "erlang_bridge.max_timeout",
                .help = "Sets the longest timeout that callers get, whatever they ask for.",
                .variable = &max_timeout,
                .boot = 3600 * 1000,
                .min = 1,
                .context = PGC_SUSET,
                .flags = GUC_UNIT_MS});
    define_int({.name = "erlang_bridge.connect_timeout",
                .help = "Sets how long it may take to find a node, to connect and to shake hands.",
                .variable = &connect_timeout,
                .boot = 7000,
                .min = 1,
                .context = PGC_SUSET,
                .flags = GUC_UNIT_MS});
    define_int({.name = "erlang_bridge.tick_time",
                .help = "Sets after how much silence a node is taken for dead; as the node's "
                        "net_ticktime.",
                .variable = &tick_time,
                .boot = 60,
                .min = 1,
                .max = 86400,
                .context = PGC_SIGHUP,
                .flags = GUC_UNIT_S});
    define_int({.name = "erlang_bridge.idle_timeout",
                .help = "Sets after how long without requests a connection is closed; 0 means "
                        "never.",
                .variable = &idle_timeout,
                .context = PGC_SIGHUP,
                .flags = GUC_UNIT_S});
    define_int({.name = "erlang_bridge.max_age",
                .help = "Sets after how long a connection is replaced by a new one; 0 means never.",
                .variable = &max_age,
                .context = PGC_SIGHUP,
                .flags = GUC_UNIT_S});
    define_int({.name = "erlang_bridge.backoff_base",
                .help = "Sets the wait after the first failed attempt to connect.",
                .variable = &backoff_base,
                .boot = 100,
                .min = 1,
                .context = PGC_SIGHUP,
                .flags = GUC_UNIT_MS});
    define_int({.name = "erlang_bridge.backoff_cap",
                .help = "Sets the longest wait between two attempts to connect.",
                .variable = &backoff_cap,
                .boot = 30000,
                .min = 1,
                .context = PGC_SIGHUP,
                .flags = GUC_UNIT_MS});
    define_real({.name = "erlang_bridge.backoff_multiplier",
                 .help = "Sets by what the wait grows with each failed attempt to connect.",
                 .variable = &backoff_multiplier,
                 .boot = 2,
                 .min = 1,
                 .max = 100,
                 .context = PGC_SIGHUP});
    define_int({.name = "erlang_bridge.breaker_failures",
                .help = "Sets how many failures within the window open the circuit breaker of a "
                        "node; 0 means it never opens.",
                .variable = &breaker_failures,
                .boot = 5,
                .max = 1000,
                .context = PGC_SIGHUP});
    define_int({.name = "erlang_bridge.breaker_window",
                .help = "Sets within which time failures are counted.",
                .variable = &breaker_window,
                .boot = 30,
                .min = 1,
                .context = PGC_SIGHUP,
                .flags = GUC_UNIT_S});
    define_int({.name = "erlang_bridge.breaker_pause",
                .help = "Sets how long an open circuit breaker lets no attempt through.",
                .variable = &breaker_pause,
                .boot = 10,
                .min = 1,
                .context = PGC_SIGHUP,
                .flags = GUC_UNIT_S});
}

void define_network() {
    define_string({.name = "erlang_bridge.database",
                   .help = "Sets the database whose automatic nodes are connected at server start; "
                           "empty means none.",
                   .variable = &database,
                   .boot = "postgres",
                   .context = PGC_SIGHUP});
    define_int({.name = "erlang_bridge.connections_per_node",
                .help = "Sets how many connections a node may get; large requests have the last "
                        "one to themselves.",
                .variable = &connections_per_node,
                .boot = 1,
                .min = 1,
                .max = 16,
                .context = PGC_SIGHUP});
    define_real({.name = "erlang_bridge.call_rate",
                 .help = "Sets how many requests a second each role may make to each node; 0 means "
                         "no limit.",
                 .variable = &call_rate,
                 .context = PGC_SIGHUP});
    define_int({.name = "erlang_bridge.byte_rate",
                .help = "Sets how many kilobytes a second may be sent to each node; 0 means no "
                        "limit.",
                .variable = &byte_rate,
                .context = PGC_SIGHUP});
    define_real({.name = "erlang_bridge.connect_rate",
                 .help = "Sets how many connections a second each session may ask for; 0 means no "
                         "limit.",
                 .variable = &connect_rate,
                 .boot = 10,
                 .context = PGC_SUSET});
    define_string({.name = "erlang_bridge.allowed_nodes",
                   .help = "Lists patterns of nodes that can be connected though they are not "
                           "registered; empty means none.",
                   .variable = &allowed_nodes,
                   .boot = "",
                   .context = PGC_SIGHUP,
                   .flags = GUC_SUPERUSER_ONLY,
                   .check = callback<&check_nodes>});
    define_string({.name = "erlang_bridge.denied_addresses",
                   .help = "Lists addresses and ranges of them that are never connected to.",
                   .variable = &denied_addresses,
                   .boot = "",
                   .context = PGC_SIGHUP,
                   .flags = GUC_SUPERUSER_ONLY,
                   .check = callback<&check_addresses>});
    define_string({.name = "erlang_bridge.key_file",
                   .help = "Sets the file of the key that cookies are sealed with, relative to the "
                           "data directory.",
                   .variable = &key_file,
                   .boot = "erlang_bridge.key",
                   .context = PGC_SIGHUP,
                   .flags = GUC_SUPERUSER_ONLY});
    define_int({.name = "erlang_bridge.epmd_port",
                .help = "Sets the port of the Erlang port mapper (epmd) on the nodes' hosts.",
                .variable = &epmd_port,
                .boot = 4369,
                .min = 1,
                .max = 65535,
                .context = PGC_SIGHUP});
    define_string({.name = "erlang_bridge.own_host",
                   .help = "Sets the host part of the name that nodes give to this server.",
                   .variable = &own_host,
                   .boot = "localhost",
                   .context = PGC_SIGHUP});
    define_bool({.name = "erlang_bridge.log_connections",
                 .help = "Logs when a node is connected and when it is not any more.",
                 .variable = &log_connections,
                 .boot = true,
                 .context = PGC_SIGHUP});
    define_bool({.name = "erlang_bridge.trace",
                 .help = "Logs what requests and connections do, at the levels DEBUG1 to DEBUG5.",
                 .variable = &trace,
                 .context = PGC_SUSET});
}

} // namespace

Limits limits() {
    return {.depth = static_cast<std::size_t>(max_depth),
            .bytes = static_cast<std::size_t>(max_term_size) * 1024};
}

std::string of_connections() {
    std::string all;
    for (const int n : {connections_per_node, connect_timeout, tick_time, idle_timeout, max_age,
                        max_term_size, backoff_base, backoff_cap, breaker_failures, breaker_window,
                        breaker_pause, epmd_port, byte_rate})
        all += std::to_string(n) + ' ';
    return all + std::to_string(backoff_multiplier) + ' ' + std::to_string(call_rate) + ' ' +
           denied_addresses + ' ' + own_host;
}

BackoffOptions backoff() {
    return {.base = milliseconds(backoff_base),
            .cap = milliseconds(backoff_cap),
            .multiplier = backoff_multiplier};
}

BreakerOptions breaker() {
    return {.failures = static_cast<std::size_t>(breaker_failures),
            .window = seconds(breaker_window),
            .pause = seconds(breaker_pause)};
}

void define() {
    define_capacity();
    define_times();
    define_network();
    reserve_prefix("erlang_bridge");
}

} // namespace pgcrew::erlang_bridge::settings
