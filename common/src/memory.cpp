#include "pgcrew/memory.hpp"

namespace pgcrew {

OwnedMemory::OwnedMemory(const char *name, MemoryContext parent) {
    context_ =
        call([&] { return AllocSetContextCreateInternal(parent, name, ALLOCSET_DEFAULT_SIZES); });
    watch();
}

OwnedMemory::~OwnedMemory() {
    if (context_ != nullptr)
        cleanup("deleting a memory context",
                [context = context_] { MemoryContextDelete(context); });
}

// A parent that is deleted or reset takes us along.
void OwnedMemory::watch() {
    gone_.func = [](void *self) { static_cast<OwnedMemory *>(self)->context_ = nullptr; };
    gone_.arg = this;
    MemoryContextRegisterResetCallback(context_, &gone_);
}

void OwnedMemory::reset() {
    const MemoryContext context = context_;
    if (context == nullptr)
        return;
    call([&] { MemoryContextReset(context); }); // calls and forgets the callback
    context_ = context;
    watch();
}
} // namespace pgcrew
