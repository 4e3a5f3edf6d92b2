// The way of a request, from a session to a worker and back (states: shared.hpp).
#pragma once
#include "pg/node_slots.hpp"

#include <span>
#include <string>
#include <vector>

namespace pgcrew::erlang_bridge {

// A call, or a message: then the module is empty and the function its receiver.
struct Item {
    std::string_view module{}, function{}, arguments{};
};

struct Submission {
    RequestKind kind;
    NodeSlot node;
    std::string_view payload; // as pack() makes it
    int items = 1;
    Time timeout = 0;
    bool asynchronous = false, idempotent = false;
    bool prepared = false; // wait for send_prepared()
};

void pack(std::string &payload, const Item &item);
// Takes one item off the payload.
Item unpack(std::string_view &payload) noexcept;

// --- by sessions -----------------------------------------------------------------------------

// A request in its slot, and its worker woken; 53400 when there are too many, 53200 without memory,
// 55000 when the node has been forgotten meanwhile.
Request &submit(const Submission &submission);
void send_prepared(Request &request) noexcept; // cannot fail: for after the commit
// Whoever has made it wants it no more: it is cancelled, and its slot is free when it has ended.
void give_up(Request &request) noexcept;
// Takes a finished request's reply and frees the slot.
void release(Request &request) noexcept;
// Asynchronous ones of any session: null if the slot has another tenant. Lock held.
Request *find_request(int64 id) noexcept;
bool of_an_earlier_life(int64 id) noexcept;
bool was_given_out(int64 id) noexcept;

// FATAL runs no destructor: from now on, what this process is the waiter of is given up at exit.
void give_up_at_exit();

// --- by the worker ---------------------------------------------------------------------------

// What has come since the last time; all of it is Running now.
std::vector<Request *> take_inbox(int seat);
struct Reply {
    Request *request;
    Cause cause = Cause::None;
    dsa_pointer at = InvalidDsaPointer;
    uint64 size = 0;
    uint32 value_size = 0;
};
// Makes all of them Done and wakes who waits for them; frees those nobody waits for.
void finish(std::span<Reply> replies);
// Frees the unread results that are older than the retention; returns how many.
int expire_results();
// What the worker had taken ends as lost: when it leaves, and when the next one begins.
void lose_running(int seat) noexcept;

} // namespace pgcrew::erlang_bridge
