// What sessions and bridge workers share: requests, nodes, counters.
//
// One lightweight lock guards it all, held for some hundred nanoseconds and never while waiting. A
// request is a slot of a table. A session fills it and puts it into the inbox of the node's worker;
// the worker puts the reply there; whoever takes the reply frees the slot. A slot has one owner at
// each time, told by its state, so payloads and replies are read without the lock.
#pragma once
#include "core/link/breaker.hpp"
#include "core/link/cause.hpp"
#include "core/link/histogram.hpp"
#include "core/link/link_state.hpp"
#include "core/link/time.hpp"
#include "pgcrew/guards.hpp"

#include <string_view>

extern "C" {
#include <datatype/timestamp.h>
#include <port/atomics.h>
#include <storage/condition_variable.h>
#include <storage/lwlock.h>
#include <storage/proc.h>
#include <utils/dsa.h>
}

namespace pgcrew::erlang_bridge {

inline constexpr int none = -1;         // instead of an index
inline constexpr int most_workers = 16; // seats
inline constexpr int longest_node_name = 255;
inline constexpr int longest_sealed_cookie = 512;
inline constexpr int waiting_rooms = 16;
inline constexpr int request_bits = 16; // of an id: which slot

enum class RequestKind : uint8 {
    Call,
    Many,    // calls, answered together
    Cast,    // a call nobody waits for
    Send,    // a message to a registered name
    SendPid, // a message to a process
    Connect, // answered when the node is connected
    Disconnect,
    SetCookie,
    Forget // Disconnect, and the cookie is forgotten
};

enum class RequestState : uint32 {
    Free,
    Prepared, // filled by a session that has not sent it yet
    Queued,   // in the inbox
    Running,  // the worker's
    Done      // the reply is there
};

struct Request {
    pg_atomic_uint32 state; // waiters look without the lock
    RequestKind kind;
    bool asynchronous; // stays until its result is taken or has expired
    bool idempotent;   // may be sent again though it may have been carried out
    bool given_up;     // nobody waits any more: cancel it, drop the reply
    Cause cause;       // from here on: of the reply
    int32 next;        // in the list of free slots, or in an inbox
    int32 node;
    uint32 node_generation;
    int32 items; // of Many
    int64 id;    // unique; its low bits are the index of the slot
    Oid database, role;
    PGPROC *waiter; // whose latch to set
    Time deadline;  // of the monotonic clock
    Time made_at;   // likewise
    TimestampTz queued_at, finished_at;
    dsa_pointer payload; // items one after the other, each an ItemHeader and its bytes
    uint64 payload_size;
    dsa_pointer reply; // Call: the value, then the stack. Many: items, each a ReplyHeader and bytes
    uint64 reply_size;
    uint32 value_size; // of Call

    RequestState now() const noexcept {
        return static_cast<RequestState>(
            pg_atomic_read_u32(const_cast<pg_atomic_uint32 *>(&state)));
    }
    void become(RequestState to) noexcept { pg_atomic_write_u32(&state, static_cast<uint32>(to)); }
};

// A call: module, function, arguments. A message: nothing, the name or the pid, the term. Terms
// have no version byte.
struct ItemHeader {
    uint16 module, function;
    uint32 arguments;
};

struct ReplyHeader {
    int32 item;
    Cause cause;
    uint32 value, stack;
};

struct NodeCounters {
    int64 calls, messages, attempts, connects, bytes_in, bytes_out, frames_dropped;
    int64 errors[cause_count]; // of requests, by cause
};

// A node that sessions talk to: registered in a database, or connected by hand.
struct SharedNode {
    bool used;
    bool automatic;    // to be connected whenever it is not
    uint32 generation; // tells tenants of the slot apart
    Oid database;
    char name[longest_node_name + 1];
    uint16 sealed_size;
    char sealed[longest_sealed_cookie];
    int32 requests; // slots that are not free
    // By the worker:
    LinkState state;
    BreakerState breaker;
    TimestampTz since, failed_at;
    Cause last_failure;
    int32 in_flight, waiting, connections;
    char otp_release[16];
    std::uint64_t peer_flags; // 0: never connected
    NodeCounters counters;
};

// How the calls of one function went.
struct FunctionStatistics {
    int32 node;
    uint32 node_generation;
    char function[256]; // module:function/arity, cut off
    int64 calls, errors, total_us, max_us;
    uint32 counts[Histogram::buckets];
};

struct RoleRequests {
    Oid role;
    int32 pending;
};

struct WorkerSeat {
    PGPROC *proc;         // null unless one is at work
    TimestampTz starting; // when its start was asked for, 0 for never
    int32 first, last;    // the inbox
    bool attention;       // a request it has was given up
};

struct Bridge {
    LWLock lock;
    int tranche;
    bool ready; // the rest is set
    dsa_handle area;
    dsa_pointer requests, nodes, functions, roles;
    int32 request_slots, node_slots, function_slots, role_slots;
    int32 workers; // seats in use
    int32 first_free;
    int32 used_functions, used_roles;
    int64 next_number, reserved_number, first_number; // of ids, without the slot's bits
    int64 unread_bytes;                               // of replies
    WorkerSeat seats[most_workers];
    ConditionVariable finished[waiting_rooms]; // asynchronous requests, by id

    static void init(Bridge &bridge, int tranche_id) noexcept;
};

void request_shared_memory(); // from _PG_init, when preloaded

// Attaches (and, the first time in the life of the server, creates) it.
Bridge &bridge();

// What the tables hold. The mapping is made by bridge() and stays.
Request *requests() noexcept;
SharedNode *nodes() noexcept;
FunctionStatistics *function_statistics() noexcept;
RoleRequests *role_requests() noexcept;

inline int index_of(const Request &request) noexcept {
    return static_cast<int>(&request - requests());
}
inline int seat_of(int node) noexcept { return node % bridge().workers; }
inline ConditionVariable *waiting_room(int64 id) noexcept {
    return &bridge().finished[static_cast<uint64>(id) % waiting_rooms];
}

// The lock, held while this lives: plain stores and look-ups only.
class Locked : NoCopy {
  public:
    explicit Locked(LWLockMode mode) : guard_(&bridge().lock, mode) {}

  private:
    LockGuard guard_;
};

// Shared memory. try_store gives InvalidDsaPointer when there is none; store throws 53200.
dsa_pointer try_store(std::string_view bytes, std::string_view more = {});
dsa_pointer store(std::string_view bytes, const char *what);
std::string_view stored(dsa_pointer at, uint64 size);
const char *dsa_address(dsa_pointer at); // within call()
void discard(dsa_pointer at) noexcept;

// In microseconds, of the clock that all processes share and that never goes back.
Time monotonic_now() noexcept;

} // namespace pgcrew::erlang_bridge
