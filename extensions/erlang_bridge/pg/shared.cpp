#include "pg/shared.hpp"

#include "pg/settings.hpp"
#include "pgcrew/clock.hpp"
#include "pgcrew/compat.hpp"
#include "pgcrew/memory.hpp"
#include "pgcrew/reserved_ids.hpp"
#include "pgcrew/shmem.hpp"

#include <algorithm>

namespace pgcrew::erlang_bridge {
namespace {

constinit SharedState<Bridge> shared{"erlang_bridge"};

constexpr int function_slots = 512, role_slots = 1024;

// What this process has mapped.
Bridge *mapped = nullptr;
dsa_area *area = nullptr;
Request *mapped_requests = nullptr;
SharedNode *mapped_nodes = nullptr;
FunctionStatistics *mapped_functions = nullptr;
RoleRequests *mapped_roles = nullptr;
MemoryContext bookkeeping = nullptr;

template <class T> T *at(dsa_pointer p) { return static_cast<T *>(dsa_get_address(area, p)); }

template <class T> dsa_pointer table(int slots) {
    return dsa_allocate_extended(area, sizeof(T) * static_cast<Size>(slots),
                                 DSA_ALLOC_ZERO | DSA_ALLOC_HUGE);
}

// The first process of this life of the server fills it. Lock held, plain C.
void create() {
    area = dsa_create(mapped->tranche);
    dsa_pin(area);
    dsa_pin_mapping(area);
    mapped->request_slots = settings::max_requests;
    mapped->node_slots = settings::max_nodes;
    mapped->function_slots = function_slots;
    mapped->role_slots = role_slots;
    mapped->workers = settings::workers;
    mapped->requests = table<Request>(mapped->request_slots);
    mapped->nodes = table<SharedNode>(mapped->node_slots);
    mapped->functions = table<FunctionStatistics>(mapped->function_slots);
    mapped->roles = table<RoleRequests>(mapped->role_slots);
    auto *request = at<Request>(mapped->requests);
    for (int i = 0; i < mapped->request_slots; ++i) {
        pg_atomic_init_u32(&request[i].state, static_cast<uint32>(RequestState::Free));
        request[i].next = i + 1 < mapped->request_slots ? i + 1 : none;
    }
    for (WorkerSeat &seat : mapped->seats)
        seat.first = seat.last = none;
    mapped->first_number = mapped->next_number = read_reserved_ids("erlang_bridge.ids") + 1;
    mapped->reserved_number = mapped->next_number - 1;
    mapped->area = dsa_get_handle(area);
    mapped->ready = true;
}

void map() {
    Bridge &found = shared.get();
    const LockGuard guard(&found.lock, LW_EXCLUSIVE);
    call([&] {
        mapped = &found;
        if (bookkeeping == nullptr)
            bookkeeping = AllocSetContextCreateInternal(TopMemoryContext, "erlang_bridge",
                                                        ALLOCSET_DEFAULT_SIZES);
        const MemoryContext old = MemoryContextSwitchTo(bookkeeping);
        if (mapped->ready) {
            area = dsa_attach(mapped->area);
            dsa_pin_mapping(area);
        } else {
            create();
        }
        mapped_requests = at<Request>(mapped->requests);
        mapped_nodes = at<SharedNode>(mapped->nodes);
        mapped_functions = at<FunctionStatistics>(mapped->functions);
        mapped_roles = at<RoleRequests>(mapped->roles);
        MemoryContextSwitchTo(old);
    });
}

} // namespace

void Bridge::init(Bridge &bridge, int tranche_id) noexcept {
    LWLockInitialize(&bridge.lock, tranche_id);
    bridge.tranche = tranche_id;
    for (ConditionVariable &room : bridge.finished)
        ConditionVariableInit(&room);
}

void request_shared_memory() { shared.request_if_preloading(); }

Bridge &bridge() {
    if (unlikely(mapped_roles == nullptr))
        map();
    return *mapped;
}

Request *requests() noexcept { return mapped_requests; }
SharedNode *nodes() noexcept { return mapped_nodes; }
FunctionStatistics *function_statistics() noexcept { return mapped_functions; }
RoleRequests *role_requests() noexcept { return mapped_roles; }

dsa_pointer try_store(std::string_view bytes, std::string_view more) {
    bridge();
    return call([&] {
        const dsa_pointer p = dsa_allocate_extended(area, Max(bytes.size() + more.size(), 1),
                                                    DSA_ALLOC_NO_OOM | DSA_ALLOC_HUGE);
        if (p != InvalidDsaPointer) {
            char *to = at<char>(p);
            (void)bytes.copy(to, bytes.size());
            (void)more.copy(to + bytes.size(), more.size());
        }
        return p;
    });
}

dsa_pointer store(std::string_view bytes, const char *what) {
    const dsa_pointer p = try_store(bytes);
    if (p == InvalidDsaPointer)
        throw Error(sqlstate::out_of_memory, std::string("out of shared memory for ") + what,
                    "Failed on a request of " + std::to_string(bytes.size()) + " bytes.");
    return p;
}

std::string_view stored(dsa_pointer p, uint64 size) {
    if (p == InvalidDsaPointer)
        return {};
    return {call([&] { return at<const char>(p); }), size};
}

const char *dsa_address(dsa_pointer p) { return at<const char>(p); }

void discard(dsa_pointer p) noexcept {
    if (p == InvalidDsaPointer)
        return;
    if (tainted())
        LWLockReleaseAll(); // an error on its way out may hold locks of the area
    cleanup("giving back shared memory", [p] { dsa_free(area, p); });
}

Time monotonic_now() noexcept { return SystemClock().monotonic(); }

} // namespace pgcrew::erlang_bridge
