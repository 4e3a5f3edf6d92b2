// Scope guards for the server's own state: what a guard sets is undone on scope exit, on success
// and on every error path. FATAL runs no destructor; the server's exit callbacks clean up then.
#pragma once
#include "pgcrew/boundary.hpp"

#include <memory>

extern "C" {
#include <storage/dsm.h>
#include <storage/lwlock.h>
#include <utils/resowner.h>
}

namespace pgcrew {

struct NoCopy {
    NoCopy() = default;
    NoCopy(const NoCopy &) = delete;
    NoCopy &operator=(const NoCopy &) = delete;
};

// Runs `f` as call() does and turns any failure into a WARNING; for destructors. `what` completes
// "error while ...". A cancel waits until afterwards.
void cleanup(const char *what, void (*f)(void *), void *arg) noexcept;
template <class F> void cleanup(const char *what, F f) noexcept {
    static_assert(std::is_trivially_destructible_v<F>);
    cleanup(
        what, [](void *p) { (*static_cast<F *>(p))(); }, std::addressof(f));
}

// No cancel and no terminate request is served within the scope.
class HoldInterrupts : NoCopy {
  public:
    HoldInterrupts() noexcept { InterruptHoldoffCount = InterruptHoldoffCount + 1; }
    ~HoldInterrupts() { InterruptHoldoffCount = InterruptHoldoffCount - 1; }
};

// A lightweight lock. Within the scope: plain stores, no subtransaction, nothing that can fail.
class LockGuard : NoCopy {
  public:
    LockGuard(LWLock *lock, LWLockMode mode) : lock_(lock) {
        call([&] { LWLockAcquire(lock_, mode); });
    }
    ~LockGuard();

  private:
    LWLock *lock_;
};

// A line of CONTEXT for errors and messages raised within the scope.
class ErrorContextScope : NoCopy {
  public:
    using Writer = void (*)(void *); // calls errcontext() and nothing else of the server
    ErrorContextScope(Writer writer, void *arg) noexcept {
        frame_.callback = writer;
        frame_.arg = arg;
        frame_.previous = error_context_stack;
        error_context_stack = &frame_;
    }
    ~ErrorContextScope() { error_context_stack = frame_.previous; }

  private:
    ErrorContextCallback frame_{};
};

// A segment of dynamic shared memory; its mapping lives as long as the guard.
class DsmSegment : NoCopy {
  public:
    explicit DsmSegment(Size size); // creates
    ~DsmSegment();
    dsm_segment *get() const noexcept { return segment_; }
    void *address() const noexcept { return dsm_segment_address(segment_); }
    dsm_handle handle() const noexcept { return dsm_segment_handle(segment_); }

  private:
    dsm_segment *segment_;
};

// A private resource owner made current; for workers outside a transaction.
class OwnerScope : NoCopy {
  public:
    explicit OwnerScope(const char *name); // a literal
    ~OwnerScope();

  private:
    ResourceOwner old_ = CurrentResourceOwner;
    ResourceOwner parent_ = nullptr, owner_ = nullptr;
};

// Runs as another role. `sec_context` is a set of SECURITY_* bits, added to those in force.
class UserScope : NoCopy {
  public:
    explicit UserScope(Oid role, int sec_context = 0) noexcept;
    ~UserScope();

  private:
    Oid old_role_;
    int old_sec_context_;
};

// Settings changed within the scope are put back. Needs a transaction.
class GucScope : NoCopy {
  public:
    GucScope();
    ~GucScope();
    void set(const char *name, const char *value); // with the current role's rights

  private:
    int level_;
};
} // namespace pgcrew
