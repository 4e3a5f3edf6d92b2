// Guards for memory contexts.
#pragma once
#include "pgcrew/guards.hpp"

namespace pgcrew {

// Makes a context current.
class MemoryScope : NoCopy {
  public:
    explicit MemoryScope(MemoryContext to) noexcept : old_(MemoryContextSwitchTo(to)) {}
    ~MemoryScope() { MemoryContextSwitchTo(old_); }

  private:
    MemoryContext old_;
};

// A context of our own, deleted on scope exit; harmless if its parent dies first.
class OwnedMemory : NoCopy {
  public:
    // The name must outlive the context: pass a literal.
    explicit OwnedMemory(const char *name, MemoryContext parent = CurrentMemoryContext);
    ~OwnedMemory();
    MemoryContext get() const noexcept { return context_; } // null once the parent is gone
    void reset();                                           // frees what was allocated in it

  private:
    void watch();
    MemoryContext context_ = nullptr;
    MemoryContextCallback gone_{};
};
} // namespace pgcrew
