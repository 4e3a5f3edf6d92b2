#include "pgcrew/guards.hpp"

#include "pgcrew/server_error.hpp"

extern "C" {
#include <utils/guc.h>
}

namespace pgcrew {

void cleanup(const char *what, void (*f)(void *), void *arg) noexcept {
    const bool before = tainted();
    const HoldInterrupts hold; // a cancel served here would be lost
    try {
        try {
            call([&] { f(arg); });
        } catch (...) {
            set_taint(before);
            const ServerErrorData failure = describe_current_exception();
            call([&] {
                elog(WARNING, "error while %s: %s", what,
                     failure.message ? failure.message->c_str() : "missing error text");
            });
        }
    } catch (...) {
        set_taint(before); // no memory even for the warning
    }
}

LockGuard::~LockGuard() {
    // An abort inside our scope releases every lightweight lock behind our back, but it does not
    // give back our share of the interrupt holdoff, which protect() restored.
    if (LWLockHeldByMe(lock_))
        LWLockRelease(lock_);
    else
        InterruptHoldoffCount = InterruptHoldoffCount - 1;
}

DsmSegment::DsmSegment(Size size) {
    segment_ = call([&] {
        dsm_segment *segment = dsm_create(size, 0);
        dsm_pin_mapping(segment); // its lifetime is ours, not the resource owner's
        return segment;
    });
}

DsmSegment::~DsmSegment() {
    cleanup("detaching shared memory", [segment = segment_] { dsm_detach(segment); });
}

OwnerScope::OwnerScope(const char *name) {
    call([&] {
        parent_ = ResourceOwnerCreate(nullptr, name);
        owner_ = ResourceOwnerCreate(parent_, name);
    });
    CurrentResourceOwner = owner_;
}

OwnerScope::~OwnerScope() {
    CurrentResourceOwner = old_;
    cleanup("releasing a resource owner", [owner = owner_, parent = parent_] {
        // Not as top level: that would leave locks to the transaction's own owner, and the lock
        // table would point to this one after its death. Only an owner with a parent may do so.
        ResourceOwnerRelease(owner, RESOURCE_RELEASE_BEFORE_LOCKS, false, false);
        ResourceOwnerRelease(owner, RESOURCE_RELEASE_LOCKS, false, false);
        ResourceOwnerRelease(owner, RESOURCE_RELEASE_AFTER_LOCKS, false, false);
        ResourceOwnerDelete(parent); // and its child
    });
}

UserScope::UserScope(Oid role, int sec_context) noexcept {
    GetUserIdAndSecContext(&old_role_, &old_sec_context_);
    SetUserIdAndSecContext(role, old_sec_context_ | sec_context);
}

UserScope::~UserScope() { SetUserIdAndSecContext(old_role_, old_sec_context_); }

GucScope::GucScope() : level_(NewGUCNestLevel()) {}

GucScope::~GucScope() {
    cleanup("restoring settings", [level = level_] { AtEOXact_GUC(false, level); });
}

void GucScope::set(const char *name, const char *value) {
    call([&] {
        (void)set_config_option(name, value, superuser() ? PGC_SUSET : PGC_USERSET, PGC_S_SESSION,
                                GUC_ACTION_SAVE, true, 0, false);
    });
}
} // namespace pgcrew
