// The two directions of the language border.
#pragma once
#include "pgcrew/error.hpp"
#include "pgcrew/postgres.hpp"

#include <memory>
#include <type_traits>
#include <utility>

namespace pgcrew {

// True from the moment a server ERROR became a C++ exception until a rollback. A function that
// returns to the server while tainted has swallowed an error, and raises.
bool tainted() noexcept;
void set_taint(bool) noexcept;

namespace detail {
struct PendingError; // trivially destructible, lives in ErrorContext
void protect(void (*fn)(void *), void *arg);
PendingError *capture_current_exception() noexcept;
[[noreturn]] void raise(PendingError *pending);
void check_not_tainted();

// What a jump or an exception leaves behind in the server's globals.
struct Stacks {
    sigjmp_buf *exception = PG_exception_stack;
    ErrorContextCallback *context = error_context_stack;
    MemoryContext memory = CurrentMemoryContext;
    void restore() const noexcept {
        PG_exception_stack = exception;
        error_context_stack = context;
        MemoryContextSwitchTo(memory);
    }
};

// C++ called from the server starts untainted, even when the C++ below it is unwinding.
class FreshTaint {
  public:
    FreshTaint() noexcept { set_taint(false); }
    FreshTaint(const FreshTaint &) = delete;
    FreshTaint &operator=(const FreshTaint &) = delete;
    ~FreshTaint() { set_taint(before_); }

  private:
    bool before_ = tainted();
};
} // namespace detail

// C++ calls the server. Inside `f` only C calls and trivially destructible objects may appear: an
// ERROR jumps straight out of it and becomes ServerError, or Canceled.
template <class F> auto call(F &&f) -> std::invoke_result_t<F &> {
    using Fn = std::remove_reference_t<F>;
    using R = std::invoke_result_t<F &>;
    static_assert(std::is_trivially_destructible_v<Fn>, "capture by reference only");
    if constexpr (std::is_void_v<R>) {
        detail::protect([](void *p) { (*static_cast<Fn *>(p))(); },
                        const_cast<std::remove_const_t<Fn> *>(std::addressof(f)));
    } else {
        static_assert(std::is_trivially_destructible_v<R> &&
                          std::is_trivially_default_constructible_v<R>,
                      "return a plain value");
        struct Frame {
            Fn *f;
            R result;
        } frame;
        frame.f = std::addressof(f);
        detail::protect(
            [](void *p) {
                auto *fr = static_cast<Frame *>(p);
                fr->result = (*fr->f)();
            },
            &frame);
        return frame.result;
    }
}

// The server calls C++. Every exception ends here; when the ERROR is raised the handler is left
// and destructors have run.
template <class F> auto enter(F &&f) -> std::invoke_result_t<F &> {
    const detail::Stacks stacks;
    detail::PendingError *pending = nullptr;
    try {
        const detail::FreshTaint fresh;
        if constexpr (std::is_void_v<std::invoke_result_t<F &>>) {
            f();
            detail::check_not_tainted();
            return;
        } else {
            auto result = f();
            static_assert(std::is_trivially_destructible_v<decltype(result)>);
            detail::check_not_tainted();
            return result;
        }
    } catch (...) {
        pending = detail::capture_current_exception();
    }
    stacks.restore();
    detail::raise(pending);
}

// A plain function pointer for hooks and callbacks: callback<&f>.
template <auto Fn, class F = decltype(Fn)> struct Callback;
template <auto Fn, class R, class... A> struct Callback<Fn, R (*)(A...)> {
    static R invoke(A... a) {
        return enter([&]() -> R { return Fn(a...); });
    }
};
template <auto Fn, class R, class... A>
struct Callback<Fn, R (*)(A...) noexcept> : Callback<static_cast<R (*)(A...)>(Fn)> {};
template <auto Fn> inline constexpr auto callback = &Callback<Fn>::invoke;

// Serves a cancel or terminate request, if there is one.
inline void check_for_interrupts() {
    if (unlikely(InterruptPending))
        call([] { ProcessInterrupts(); });
}
} // namespace pgcrew

// PGCREW_FUNCTION(name) { ... body using fcinfo, returns a Datum ... }
#define PGCREW_FUNCTION(name)                                                                      \
    extern "C" {                                                                                   \
    PGDLLEXPORT Datum name(PG_FUNCTION_ARGS);                                                      \
    PG_FUNCTION_INFO_V1(name);                                                                     \
    }                                                                                              \
    static Datum name##_body(FunctionCallInfo fcinfo);                                             \
    extern "C" Datum name(PG_FUNCTION_ARGS) {                                                      \
        return ::pgcrew::enter([fcinfo] { return name##_body(fcinfo); });                          \
    }                                                                                              \
    static Datum name##_body([[maybe_unused]] FunctionCallInfo fcinfo)
