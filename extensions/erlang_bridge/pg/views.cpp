// What the views show: nodes, statistics of functions, pending requests.
#include "core/link/distribution_flags.hpp"
#include "pg/function_statistics.hpp"
#include "pg/permissions.hpp"
#include "pgcrew/args.hpp"
#include "pgcrew/json.hpp"

#include <algorithm>
#include <numeric>

extern "C" {
#include <catalog/pg_type.h>
#include <utils/acl.h>
#include <utils/timestamp.h>
}

namespace pgcrew::erlang_bridge {
namespace {

Value time_or_null(TimestampTz time) {
    return time == 0 ? Value::null(TIMESTAMPTZOID)
                     : Value::datum(TimestampTzGetDatum(time), TIMESTAMPTZOID);
}

Value flags_or_null(std::uint64_t flags) {
    return flags == 0 ? Value::null(TEXTARRAYOID) : text_array(names_of_flags(flags));
}

std::vector<SharedNode> nodes_of_database() {
    std::vector<SharedNode> found;
    bridge();
    const Locked locked(LW_SHARED);
    for (int i = 0; i < bridge().node_slots; ++i)
        if (nodes()[i].used && nodes()[i].database == MyDatabaseId)
            found.push_back(nodes()[i]);
    return found;
}

Jsonb errors_by_sqlstate(const NodeCounters &counters) {
    Json errors = Json::object();
    for (int i = 0; i < cause_count; ++i)
        if (counters.errors[i] > 0) {
            const std::string state = sqlstate(static_cast<Cause>(i)).text();
            errors[state] = errors.value(state, std::int64_t{0}) + counters.errors[i];
        }
    return {dump_json(errors)};
}

struct ShownRequest {
    int64 id;
    Oid role;
    RequestKind kind;
    RequestState state;
    bool asynchronous;
    std::string node, function;
    TimestampTz queued_at;
    int64 bytes;
};

const char *name(RequestKind kind) noexcept {
    switch (kind) {
    case RequestKind::Call:
        return "call";
    case RequestKind::Many:
        return "calls";
    case RequestKind::Cast:
        return "cast";
    case RequestKind::Send:
    case RequestKind::SendPid:
        return "message";
    case RequestKind::Connect:
        return "connect";
    case RequestKind::SetCookie:
        return "cookie";
    case RequestKind::Disconnect:
    case RequestKind::Forget:
        break;
    }
    return "disconnect";
}

const char *name(RequestState state) noexcept {
    switch (state) {
    case RequestState::Prepared:
        return "waits for commit";
    case RequestState::Queued:
        return "queued";
    case RequestState::Running:
        return "running";
    case RequestState::Done:
        return "finished";
    case RequestState::Free:
        break;
    }
    return "free";
}

// Payloads may not be looked at without the lock: their owner may give them back.
std::vector<ShownRequest> pending_requests() {
    std::vector<ShownRequest> shown;
    bridge();
    const Locked locked(LW_SHARED);
    for (int i = 0; i < bridge().request_slots; ++i) {
        const Request &r = requests()[i];
        if (r.now() == RequestState::Free || r.database != MyDatabaseId)
            continue;
        std::string function;
        std::string_view payload = stored(r.payload, r.payload_size);
        if (!payload.empty() && r.kind != RequestKind::SetCookie) {
            const Item item = unpack(payload);
            function = item.module.empty()
                           ? r.kind == RequestKind::SendPid ? "pid" : std::string(item.function)
                           : std::string(item.module) + ":" + std::string(item.function);
        }
        shown.push_back({r.id, r.role, r.kind, r.now(), r.asynchronous, nodes()[r.node].name,
                         function, r.queued_at, static_cast<int64>(r.payload_size + r.reply_size)});
    }
    return shown;
}

bool may_see(Oid role) {
    return call([&] { return has_privs_of_role(GetUserId(), role); });
}

double ms(int64 us) noexcept { return static_cast<double>(us) / 1000; }

} // namespace
} // namespace pgcrew::erlang_bridge

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

PGCREW_FUNCTION(erlang_bridge_nodes) {
    SetResult rows(fcinfo);
    for (const SharedNode &node : nodes_of_database()) {
        const NodeCounters &c = node.counters;
        const int64 errors = std::accumulate(std::begin(c.errors), std::end(c.errors), int64{0});
        const bool failed = node.last_failure != Cause::None;
        rows.put(
            {Value(node.name),
             Value(name(node.state)),
             time_or_null(node.since),
             Value(name(node.breaker)),
             Value(node.connections),
             Value(node.in_flight),
             Value(node.waiting),
             text_or_null(node.otp_release),
             flags_or_null(node.peer_flags),
             Value(c.calls),
             Value(c.messages),
             Value(errors),
             Value(errors_by_sqlstate(c)),
             Value(c.attempts),
             Value(c.connects),
             Value(c.bytes_in),
             Value(c.bytes_out),
             Value(c.frames_dropped),
             failed ? Value(pgcrew::erlang_bridge::text(node.last_failure)) : Value::null(TEXTOID),
             time_or_null(failed ? node.failed_at : 0)});
    }
    return rows.done();
}

PGCREW_FUNCTION(erlang_bridge_stats) {
    SetResult rows(fcinfo);
    std::vector<FunctionStatistics> all;
    std::vector<std::string> names;
    bridge();
    {
        const Locked locked(LW_SHARED);
        for (int i = 0; i < bridge().used_functions; ++i) {
            const FunctionStatistics &entry = function_statistics()[i];
            const SharedNode &node = nodes()[entry.node];
            if (node.generation != entry.node_generation || node.database != MyDatabaseId)
                continue;
            all.push_back(entry);
            names.emplace_back(node.name);
        }
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        const FunctionStatistics &f = all[i];
        const auto percentile = [&f](double share) {
            return ms(static_cast<int64>(Histogram::percentile(f.counts, share)));
        };
        rows.put({Value(names[i]), Value(f.function), Value(f.calls), Value(f.errors),
                  Value(ms(f.total_us)), Value(ms(f.total_us) / static_cast<double>(f.calls)),
                  Value(ms(f.max_us)), Value(percentile(0.5)), Value(percentile(0.95)),
                  Value(percentile(0.99))});
    }
    return rows.done();
}

PGCREW_FUNCTION(erlang_bridge_stats_reset) {
    require_admin();
    bridge();
    reset_statistics();
    return 0;
}

PGCREW_FUNCTION(erlang_bridge_pending) {
    SetResult rows(fcinfo);
    const TimestampTz now = call([] { return GetCurrentTimestamp(); });
    for (const ShownRequest &r : pending_requests())
        if (may_see(r.role))
            rows.put({Value(r.id), Value(r.role), Value(r.node), Value(name(r.kind)),
                      text_or_null(r.function), Value(name(r.state)), Value(r.asynchronous),
                      interval_of(now - r.queued_at), Value(r.bytes)});
    return rows.done();
}
