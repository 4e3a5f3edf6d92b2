// Calls whose results are taken later: erlang_call_async, erlang_result, erlang_cancel. A result
// belongs to the role that asked for it; other roles learn not even that it exists.
#include "pg/call_node.hpp"
#include "pg/call_options.hpp"
#include "pg/outcome_error.hpp"
#include "pg/permissions.hpp"
#include "pg/server_ref.hpp"
#include "pg/settings.hpp"
#include "pg/terms.hpp"
#include "pgcrew/args.hpp"
#include "pgcrew/compat.hpp"

extern "C" {
#include <utils/acl.h>
}

namespace pgcrew::erlang_bridge {
namespace {

[[noreturn]] void unknown(int64 id) {
    const std::string call = "asynchronous call " + std::to_string(id);
    if (of_an_earlier_life(id))
        throw Error(SqlState("08006"), call + " was lost", "The server has restarted since.");
    bool given_out;
    {
        const Locked locked(LW_SHARED);
        given_out = was_given_out(id);
    }
    if (given_out)
        throw Error(sqlstate::object_not_in_prerequisite_state, call + " has no result any more",
                    "Its result was taken, or has expired, or it was cancelled.",
                    "See the setting \"erlang_bridge.result_retention\".");
    throw Error(sqlstate::undefined_object, call + " does not exist");
}

// Of the role that asks. A given up one is none.
Request *find_own(int64 id, Oid role) noexcept {
    Request *request = find_request(id);
    return request != nullptr && request->role == role && request->database == MyDatabaseId &&
                   !request->given_up
               ? request
               : nullptr;
}

// This process's alone from now on: nobody else finds it, and so nobody else can free its slot
// before we do. Lock held exclusively; give_up_at_exit() has been called.
void own(Request &request) noexcept {
    request.asynchronous = false;
    request.waiter = MyProc;
}

Oid current_role() {
    return call([] { return GetUserId(); });
}

// What is left of it: taken out of the table under the lock, so that nobody else can take it.
class TakenResult : NoCopy {
  public:
    explicit TakenResult(Request &request) noexcept : request_(request) {}
    ~TakenResult() { release(request_); }

  private:
    Request &request_;
};

class Sleep : NoCopy {
  public:
    explicit Sleep(int64 id) {
        call([&] { ConditionVariablePrepareToSleep(waiting_room(id)); });
    }
    ~Sleep() { ConditionVariableCancelSleep(); }
};

// The finished request, no longer to be found by others.
Request &take(const int64 id, Time end) {
    static uint32 wait_event = 0;
    const Oid role = current_role();
    const Sleep sleep(id);
    for (;;) {
        bool found = true;
        {
            const Locked locked(LW_EXCLUSIVE);
            Request *request = find_own(id, role);
            if (request != nullptr && request->now() == RequestState::Done) {
                own(*request);
                return *request;
            }
            found = request != nullptr;
        }
        if (!found)
            unknown(id);
        const Time left = end - monotonic_now();
        if (left <= 0)
            throw Error(SqlState("HYT00"),
                        "asynchronous call " + std::to_string(id) + " has not ended yet", {},
                        "Ask for its result again.");
        call([&] {
            if (wait_event == 0)
                wait_event = compat::new_wait_event("ErlangBridgeResult");
            (void)ConditionVariableTimedSleep(waiting_room(id), static_cast<long>(left / 1000 + 1),
                                              wait_event);
        });
    }
}

} // namespace
} // namespace pgcrew::erlang_bridge

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

PGCREW_FUNCTION(erlang_bridge_call_async) {
    const Args args(fcinfo);
    const std::string module = args.text(1, "module"), function = args.text(2, "function");
    require_atom(module, "module");
    require_atom(function, "function");
    CallOptions options = parse_call_options(jsonb_argument(fcinfo, 5));
    options.conversion.knows_node = node_is_known;
    const Time timeout = timeout_of(args.opt_interval_ms(4));
    const std::string arguments = encode_argument_list(require_jsonb(fcinfo, 3, "args"),
                                                       options.conversion, settings::limits());
    const Target target = require_target(args.text(0, "node"));
    require_call(target.name, module, function, arguments);
    const NodeSlot slot = require_worker_for(target, "an asynchronous call");
    std::string payload;
    pack(payload, {module, function, arguments});
    const int64 id = submit({.kind = RequestKind::Call,
                             .node = slot,
                             .payload = payload,
                             .timeout = timeout,
                             .asynchronous = true,
                             .idempotent = options.idempotent})
                         .id;
    return Int64GetDatum(id);
}

PGCREW_FUNCTION(erlang_bridge_result) {
    const Args args(fcinfo);
    const int64 id = args.int64(0, "id");
    const CallOptions options = parse_call_options(jsonb_argument(fcinfo, 2));
    const Time end = after(monotonic_now(), timeout_of(args.opt_interval_ms(1)));
    bridge();
    give_up_at_exit();
    Request &request = take(id, end);
    const TakenResult taken(request);
    const std::string_view reply = stored(request.reply, request.reply_size);
    const CallOutcome outcome{request.cause, reply.substr(0, request.value_size),
                              reply.substr(request.value_size)};
    if (outcome.cause != Cause::None) {
        std::string node;
        {
            const Locked locked(LW_SHARED);
            node = nodes()[request.node].name;
        }
        throw error_of(outcome, *NodeName::parse(node), "asynchronous call " + std::to_string(id));
    }
    return decode_term(outcome.value, options.conversion, settings::limits());
}

PGCREW_FUNCTION(erlang_bridge_cancel) {
    const Args args(fcinfo);
    const int64 id = args.int64(0, "id");
    bridge();
    give_up_at_exit();
    const Oid role = current_role();
    Request *request;
    {
        const Locked locked(LW_EXCLUSIVE);
        request = find_own(id, role);
        if (request != nullptr)
            own(*request);
    }
    if (request == nullptr)
        return BoolGetDatum(false);
    give_up(*request);
    call([&] { ConditionVariableBroadcast(waiting_room(id)); }); // who waits for it need not
    return BoolGetDatum(true);
}
