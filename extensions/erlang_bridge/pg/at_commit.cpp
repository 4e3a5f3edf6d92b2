#include "pg/at_commit.hpp"

#include "pg/settings.hpp"

#include <algorithm>
#include <vector>

extern "C" {
#include <access/xact.h>
#include <storage/ipc.h>
}

namespace pgcrew::erlang_bridge {
namespace {

struct Prepared {
    Request *request;
    int level; // of the transaction it belongs to
};

std::vector<Prepared> &prepared() {
    static auto *messages = new std::vector<Prepared>; // never destroyed
    return *messages;
}

// Those of the level and of deeper ones.
void drop(int level) noexcept {
    while (!prepared().empty() && prepared().back().level >= level) {
        give_up(*prepared().back().request);
        prepared().pop_back();
    }
}

void at_end(XactEvent event, void *) {
    switch (event) {
    case XACT_EVENT_COMMIT:
        for (const Prepared &message : prepared())
            send_prepared(*message.request);
        prepared().clear();
        break;
    case XACT_EVENT_ABORT:
        drop(0);
        break;
    case XACT_EVENT_PRE_PREPARE:
        if (!prepared().empty())
            throw Error(sqlstate::feature_not_supported,
                        "cannot PREPARE a transaction that has sent messages to Erlang nodes", {},
                        "Send them with immediate => true, or commit the transaction.");
        break;
    default:
        break;
    }
}

void at_subtransaction_end(SubXactEvent event, SubTransactionId, SubTransactionId, void *) {
    const int level = GetCurrentTransactionNestLevel();
    if (event == SUBXACT_EVENT_ABORT_SUB)
        drop(level);
    else if (event == SUBXACT_EVENT_COMMIT_SUB)
        for (Prepared &message : prepared())
            message.level = std::min(message.level, level - 1);
}

// Before what is this process's is given up, so that nothing is given up twice.
void leave(int, Datum) { drop(0); }

void watch_transactions() {
    static bool watching = false;
    if (watching)
        return;
    give_up_at_exit(); // runs after leave()
    call([] {
        before_shmem_exit(callback<&leave>, 0);
        RegisterXactCallback(callback<&at_end>, nullptr);
        RegisterSubXactCallback(callback<&at_subtransaction_end>, nullptr);
    });
    watching = true;
}

Request &prepare(RequestKind kind, const NodeSlot &slot, std::string_view payload) {
    watch_transactions();
    prepared().reserve(prepared().size() + 1);
    return submit({.kind = kind,
                   .node = slot,
                   .payload = payload,
                   .timeout = milliseconds(settings::call_timeout),
                   .prepared = true});
}

Request &prepare(RequestKind kind, const Target &target, const Item &item, const char *what) {
    std::string payload;
    pack(payload, item);
    return prepare(kind, require_worker_for(target, what), payload);
}

NodeSlot slot_in_use(const NodeName &name) {
    bridge();
    const Locked locked(LW_SHARED);
    const SharedNode *node = find_node_slot(MyDatabaseId, name.full());
    return node == nullptr ? NodeSlot{}
                           : NodeSlot{static_cast<int>(node - nodes()), node->generation};
}

void keep(Request &request) {
    prepared().push_back({&request, call([] { return GetCurrentTransactionNestLevel(); })});
}

} // namespace

void send_at_commit(RequestKind kind, const Target &target, const Item &item, const char *what) {
    keep(prepare(kind, target, item, what));
}

void send_now(RequestKind kind, const Target &target, const Item &item, const char *what) {
    send_prepared(prepare(kind, target, item, what));
}

void connect_at_commit(const Target &target) {
    if (settings::mode == settings::ModeDirect)
        return;
    const NodeSlot slot = require_node_slot(target.name, target.sealed_cookie, target.automatic);
    if (through_worker(slot))
        keep(prepare(RequestKind::Connect, slot, {}));
}

void set_cookie_at_commit(const NodeName &name, std::string_view sealed) {
    const NodeSlot slot = slot_in_use(name);
    if (slot.index != none)
        keep(prepare(RequestKind::SetCookie, slot, sealed));
}

void forget_at_commit(const NodeName &name) {
    const NodeSlot slot = slot_in_use(name);
    if (slot.index != none)
        keep(prepare(RequestKind::Forget, slot, {}));
}

} // namespace pgcrew::erlang_bridge
