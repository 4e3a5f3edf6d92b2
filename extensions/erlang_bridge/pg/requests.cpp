#include "pg/requests.hpp"

#include "pg/settings.hpp"
#include "pgcrew/compat.hpp"
#include "pgcrew/reserved_ids.hpp"

#include <algorithm>
#include <cstring>

extern "C" {
#include <storage/ipc.h>
#include <storage/latch.h>
#include <utils/timestamp.h>
}

namespace pgcrew::erlang_bridge {
namespace {

constexpr int64 numbers_reserved_at_once = 4096;

// Lock held exclusively in all of these.

RoleRequests &require_role(Oid role) {
    RoleRequests *unused = nullptr;
    for (int i = 0; i < bridge().used_roles; ++i) {
        RoleRequests &entry = role_requests()[i];
        if (entry.role == role)
            return entry;
        if (entry.pending == 0)
            unused = &entry;
    }
    if (unused == nullptr && bridge().used_roles < bridge().role_slots)
        unused = &role_requests()[bridge().used_roles++];
    if (unused == nullptr)
        throw Error(sqlstate::configuration_limit_exceeded,
                    "too many roles have requests to Erlang nodes");
    *unused = {role, 0};
    return *unused;
}

void check_limits(const RoleRequests &role) {
    const int limit = settings::max_requests_per_role;
    if (limit > 0 && role.pending >= limit)
        throw Error(sqlstate::configuration_limit_exceeded,
                    "too many requests of the role to Erlang nodes are pending",
                    "The limit is " + std::to_string(limit) + ", unread results included.",
                    "Take or cancel results, or raise \"erlang_bridge.max_requests_per_role\".");
    if (bridge().first_free == none)
        throw Error(
            sqlstate::configuration_limit_exceeded, "too many requests to Erlang nodes are pending",
            "The limit is " + std::to_string(bridge().request_slots) + ", unread results included.",
            "Take or cancel results, or raise \"erlang_bridge.max_requests\".");
}

int64 next_id(int slot) {
    Bridge &b = bridge();
    if (b.next_number > b.reserved_number) {
        b.reserved_number = b.next_number - 1 + numbers_reserved_at_once;
        call([&] { write_reserved_ids("erlang_bridge.ids", b.reserved_number); });
    }
    return (b.next_number++ << request_bits) | slot;
}

void enqueue(Request &request) noexcept {
    WorkerSeat &seat = bridge().seats[seat_of(request.node)];
    const int index = index_of(request);
    request.next = none;
    request.become(RequestState::Queued);
    (seat.last == none ? seat.first : requests()[seat.last].next) = index;
    seat.last = index;
}

PGPROC *worker_of(const Request &request) noexcept {
    return bridge().seats[seat_of(request.node)].proc;
}

void wake(PGPROC *proc) noexcept {
    if (proc != nullptr)
        SetLatch(&proc->procLatch);
}

struct Memory {
    dsa_pointer payload, reply;
};

// The slot is free afterwards; the memory is the caller's to give back, without the lock.
Memory free_slot(Request &request) noexcept {
    const Memory memory{request.payload, request.reply};
    Bridge &b = bridge();
    for (int i = 0; i < b.used_roles; ++i)
        if (role_requests()[i].role == request.role)
            --role_requests()[i].pending;
    if (request.now() == RequestState::Done)
        b.unread_bytes -= static_cast<int64>(request.reply_size);
    --nodes()[request.node].requests;
    request.payload = request.reply = InvalidDsaPointer;
    request.waiter = nullptr;
    request.become(RequestState::Free);
    request.next = b.first_free;
    b.first_free = index_of(request);
    return memory;
}

void give_up_all(int, Datum) noexcept {
    for (int i = 0; i < bridge().request_slots; ++i) {
        Request &request = requests()[i];
        if (request.now() != RequestState::Free && request.waiter == MyProc)
            give_up(request);
    }
}

void give_back(const Memory &memory) noexcept {
    discard(memory.payload);
    discard(memory.reply);
}

} // namespace

void pack(std::string &payload, const Item &item) {
    const ItemHeader header{static_cast<uint16>(item.module.size()),
                            static_cast<uint16>(item.function.size()),
                            static_cast<uint32>(item.arguments.size())};
    payload.append(reinterpret_cast<const char *>(&header), sizeof header);
    payload.append(item.module).append(item.function).append(item.arguments);
}

Item unpack(std::string_view &payload) noexcept {
    ItemHeader header;
    std::memcpy(&header, payload.data(), sizeof header);
    payload.remove_prefix(sizeof header);
    const auto take = [&payload](std::size_t size) {
        const std::string_view taken = payload.substr(0, size);
        payload.remove_prefix(size);
        return taken;
    };
    Item item;
    item.module = take(header.module);
    item.function = take(header.function);
    item.arguments = take(header.arguments);
    return item;
}

Request &submit(const Submission &submission) {
    const dsa_pointer payload = store(submission.payload, "a request to an Erlang node");
    const TimestampTz queued_at = GetCurrentTimestamp();
    const Time made_at = monotonic_now();
    PGPROC *worker = nullptr;
    Request *request = nullptr;
    try {
        const Oid role = call([] { return GetUserId(); });
        const Locked locked(LW_EXCLUSIVE);
        if (!still(submission.node))
            throw Error(sqlstate::object_not_in_prerequisite_state,
                        "Erlang node was given up by another session", {}, "Try again.");
        RoleRequests &pending = require_role(role);
        check_limits(pending);
        Bridge &b = bridge();
        const int slot = b.first_free;
        request = &requests()[slot];
        const int64 id = next_id(slot);
        b.first_free = request->next;
        ++pending.pending;
        ++nodes()[submission.node.index].requests;
        request->kind = submission.kind;
        request->asynchronous = submission.asynchronous;
        request->idempotent = submission.idempotent;
        request->given_up = false;
        request->cause = Cause::None;
        request->node = submission.node.index;
        request->node_generation = submission.node.generation;
        request->items = submission.items;
        request->id = id;
        request->database = MyDatabaseId;
        request->role = role;
        request->waiter = submission.asynchronous ? nullptr : MyProc;
        request->deadline = after(made_at, submission.timeout);
        request->made_at = made_at;
        request->queued_at = queued_at;
        request->payload = payload;
        request->payload_size = submission.payload.size();
        request->reply = InvalidDsaPointer;
        request->reply_size = request->value_size = 0;
        if (submission.prepared) {
            request->become(RequestState::Prepared);
        } else {
            enqueue(*request);
            worker = worker_of(*request);
        }
    } catch (...) {
        discard(payload);
        throw;
    }
    wake(worker);
    return *request;
}

void send_prepared(Request &request) noexcept {
    cleanup("sending to an Erlang node", [&request] {
        LWLockAcquire(&bridge().lock, LW_EXCLUSIVE);
        request.waiter = nullptr;
        request.made_at = monotonic_now();
        request.deadline = after(request.made_at, milliseconds(settings::call_timeout));
        SharedNode &node = nodes()[request.node];
        if (request.kind == RequestKind::Forget) {
            node.automatic = false;
            node.sealed_size = 0;
        } else if (request.kind == RequestKind::SetCookie &&
                   request.payload_size <= sizeof node.sealed) {
            memcpy(node.sealed, dsa_address(request.payload), request.payload_size);
            node.sealed_size = static_cast<uint16>(request.payload_size);
        }
        enqueue(request);
        PGPROC *worker = worker_of(request);
        LWLockRelease(&bridge().lock);
        wake(worker);
    });
}

void give_up(Request &request) noexcept {
    Memory memory{InvalidDsaPointer, InvalidDsaPointer};
    PGPROC *worker = nullptr;
    cleanup("giving up a request to an Erlang node", [&] {
        LWLockAcquire(&bridge().lock, LW_EXCLUSIVE);
        request.waiter = nullptr;
        request.given_up = true;
        if (request.now() == RequestState::Done || request.now() == RequestState::Prepared) {
            memory = free_slot(request);
        } else {
            bridge().seats[seat_of(request.node)].attention = true;
            worker = worker_of(request);
        }
        LWLockRelease(&bridge().lock);
    });
    give_back(memory);
    wake(worker);
}

void release(Request &request) noexcept {
    Memory memory{InvalidDsaPointer, InvalidDsaPointer};
    cleanup("forgetting a request to an Erlang node", [&] {
        LWLockAcquire(&bridge().lock, LW_EXCLUSIVE);
        memory = free_slot(request);
        LWLockRelease(&bridge().lock);
    });
    give_back(memory);
}

Request *find_request(int64 id) noexcept {
    const int64 slot = id & ((int64{1} << request_bits) - 1);
    if (id <= 0 || slot >= bridge().request_slots)
        return nullptr;
    Request &request = requests()[slot];
    return request.id == id && request.asynchronous && request.now() != RequestState::Free
               ? &request
               : nullptr;
}

bool of_an_earlier_life(int64 id) noexcept {
    return id > 0 && (id >> request_bits) < bridge().first_number;
}

bool was_given_out(int64 id) noexcept {
    return id > 0 && (id >> request_bits) < bridge().next_number;
}

void give_up_at_exit() {
    static bool registered = false;
    if (!registered)
        call([] { before_shmem_exit(callback<&give_up_all>, 0); });
    registered = true;
}

std::vector<Request *> take_inbox(int seat) {
    std::vector<Request *> taken;
    const Locked locked(LW_EXCLUSIVE);
    WorkerSeat &own = bridge().seats[seat];
    for (int i = own.first; i != none; i = requests()[i].next) {
        taken.push_back(&requests()[i]);
        requests()[i].become(RequestState::Running);
    }
    own.first = own.last = none;
    return taken;
}

void finish(std::span<Reply> replies) {
    std::vector<Memory> garbage;
    std::vector<PGPROC *> waiters;
    std::vector<int64> rooms;
    garbage.reserve(replies.size());
    waiters.reserve(replies.size());
    const TimestampTz finished_at = GetCurrentTimestamp();
    {
        const Locked locked(LW_EXCLUSIVE);
        for (const Reply &reply : replies) {
            Request &request = *reply.request;
            request.reply = reply.at;
            if (request.given_up || (request.waiter == nullptr && !request.asynchronous)) {
                garbage.push_back(free_slot(request));
                continue;
            }
            request.cause = reply.cause;
            request.reply_size = reply.size;
            request.value_size = reply.value_size;
            request.finished_at = finished_at;
            garbage.push_back({request.payload, InvalidDsaPointer});
            request.payload = InvalidDsaPointer;
            bridge().unread_bytes += static_cast<int64>(reply.size);
            pg_write_barrier();
            if (request.asynchronous)
                rooms.push_back(request.id);
            else
                waiters.push_back(request.waiter);
            request.become(RequestState::Done);
        }
    }
    call([&] {
        for (PGPROC *waiter : waiters)
            wake(waiter);
        for (const int64 id : rooms)
            ConditionVariableBroadcast(waiting_room(id));
    });
    for (const Memory &memory : garbage)
        give_back(memory);
}

int expire_results() {
    std::vector<Memory> garbage;
    const TimestampTz oldest =
        GetCurrentTimestamp() - static_cast<int64>(settings::result_retention) * USECS_PER_SEC;
    {
        const Locked locked(LW_EXCLUSIVE);
        for (int i = 0; i < bridge().request_slots; ++i) {
            Request &request = requests()[i];
            if (request.now() == RequestState::Done && request.asynchronous &&
                request.finished_at < oldest)
                garbage.push_back(free_slot(request));
        }
    }
    for (const Memory &memory : garbage)
        give_back(memory);
    return static_cast<int>(garbage.size());
}

void lose_running(int seat) noexcept {
    for (int i = 0; i < bridge().request_slots; ++i) {
        Request &request = requests()[i];
        if (request.now() != RequestState::Running || seat_of(request.node) != seat)
            continue;
        Reply lost{.request = &request, .cause = Cause::OutcomeUnknown};
        finish({&lost, 1});
    }
}

} // namespace pgcrew::erlang_bridge
