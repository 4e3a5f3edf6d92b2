#include "pgcrew/shmem.hpp"

#include "pgcrew/compat.hpp"
#include "pgcrew/guards.hpp"

extern "C" {
#include <storage/ipc.h>
#include <storage/shmem.h>
}

namespace pgcrew::detail {
namespace {
SharedArea *requested = nullptr; // a list, while preloading
SharedArea *being_born = nullptr;
shmem_request_hook_type earlier_request_hook = nullptr;
shmem_startup_hook_type earlier_startup_hook = nullptr;
} // namespace

struct SharedArea::Prefix {
    alignas(64) int tranche_id;
};

Size SharedArea::total() const noexcept { return sizeof(Prefix) + size_; }

void SharedArea::request_if_preloading() {
    if (!process_shared_preload_libraries_in_progress)
        return;
    if (requested == nullptr) {
        earlier_request_hook = shmem_request_hook;
        shmem_request_hook = callback<&SharedArea::request_all>;
        earlier_startup_hook = shmem_startup_hook;
        shmem_startup_hook = callback<&SharedArea::start_all>;
    }
    next_ = requested;
    requested = this;
}

void SharedArea::request_all() {
    if (earlier_request_hook != nullptr)
        call([] { earlier_request_hook(); });
    for (const SharedArea *area = requested; area != nullptr; area = area->next_)
        call([&] { RequestAddinShmemSpace(area->total()); });
}

// At server start, and again after a crash: the old memory is gone then.
void SharedArea::start_all() {
    if (earlier_startup_hook != nullptr)
        call([] { earlier_startup_hook(); });
    for (SharedArea *area = requested; area != nullptr; area = area->next_)
        area->create_in_main_memory();
}

void *SharedArea::get() {
    if (body_ == nullptr) {
        if constexpr (compat::has_dsm_registry)
            create_dynamic();
        else
            create_in_main_memory();
    }
    return body_;
}

void SharedArea::create_in_main_memory() {
    Prefix *prefix = nullptr;
    {
        const LockGuard lock(AddinShmemInitLock, LW_EXCLUSIVE);
        bool found = false;
        prefix =
            call([&] { return static_cast<Prefix *>(ShmemInitStruct(name_, total(), &found)); });
        if (!found)
            prefix->tranche_id = 0;
        if (prefix->tranche_id == 0) // or an earlier attempt failed half way
            initialise(prefix);
    }
    attach(prefix);
}

void SharedArea::create_dynamic() {
    attach(call([&] {
        being_born = this;
        return static_cast<Prefix *>(
            compat::named_dsm_segment(name_, total(), callback<&SharedArea::initialise_dynamic>));
    }));
}

void SharedArea::initialise_dynamic(void *at) { being_born->initialise(static_cast<Prefix *>(at)); }

void SharedArea::initialise(Prefix *prefix) {
    std::memset(static_cast<void *>(prefix), 0, total());
    const int tranche_id = call([&] { return compat::new_tranche(name_); });
    init_(prefix + 1, tranche_id);
    prefix->tranche_id = tranche_id;
}

void SharedArea::attach(Prefix *prefix) {
    call([&] { compat::register_tranche(prefix->tranche_id, name_); });
    body_ = prefix + 1;
}
} // namespace pgcrew::detail
