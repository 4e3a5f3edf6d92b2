// Transactions and subtransactions, in the only order the server accepts: SPI session, snapshot,
// transaction. They are functions, so no caller can nest them wrongly.
#pragma once
#include "pgcrew/guards.hpp"
#include "pgcrew/spi.hpp"

namespace pgcrew {

namespace detail {

// A whole transaction; rolled back unless committed.
class Transaction : NoCopy {
  public:
    Transaction() = default;
    ~Transaction();
    void start();
    void commit();

  private:
    void finish() noexcept;
    MemoryContext memory_ = CurrentMemoryContext;
    ResourceOwner owner_ = CurrentResourceOwner;
    bool open_ = false;
};

// Rolled back unless committed; a rollback takes back the taint of an error caught outside.
class Subtransaction : NoCopy {
  public:
    Subtransaction();
    ~Subtransaction();
    void commit();

  private:
    void finish() noexcept;
    MemoryContext memory_ = CurrentMemoryContext;
    ResourceOwner owner_ = CurrentResourceOwner;
    bool was_tainted_ = tainted();
    bool open_ = false;
};

// Runs `f`, then commits `scope`.
template <class Scope, class F> auto commit_after(Scope &scope, F &&f) {
    if constexpr (std::is_void_v<std::invoke_result_t<F &>>) {
        f();
        scope.commit();
    } else {
        auto result = f();
        scope.commit();
        return result;
    }
}
} // namespace detail

// The transaction's snapshot made active.
class ActiveSnapshot : NoCopy {
  public:
    ActiveSnapshot();
    ~ActiveSnapshot();
};

// Runs `f` in a transaction of its own; for workers. `f(Spi &)` gets a session and a snapshot,
// `f()` gets neither. An exception rolls back and goes on.
template <class F> auto in_transaction(F &&f) {
    detail::Transaction transaction;
    transaction.start();
    return detail::commit_after(transaction, [&] {
        if constexpr (std::is_invocable_v<F &, Spi &>) {
            ActiveSnapshot snapshot;
            Spi spi;
            return f(spi);
        } else {
            return f();
        }
    });
}

// Runs `f` in a subtransaction. An exception rolls it back and goes on; the caller may catch a
// ServerError then, which is the only way to forget one.
template <class F> auto in_subtransaction(F &&f) {
    detail::Subtransaction subtransaction;
    return detail::commit_after(subtransaction, f);
}
} // namespace pgcrew
