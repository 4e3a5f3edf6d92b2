// A small struct that all processes of the server share, however the library was loaded.
//
//   preloaded (15 and later)      reserved in main shared memory by request_if_preloading()
//   loaded later, 17 and later    a named segment of dynamic shared memory
//   loaded later, 15 and 16       out of the slack of main shared memory
//
// The struct is born once in a server's life (again after a crash restart) and lives until its
// end. All of it is zero when T::init() starts.
#pragma once
#include "pgcrew/boundary.hpp"

#include <type_traits>

extern "C" {
#include <storage/lwlock.h>
}

namespace pgcrew {

namespace detail {
// The untyped half.
class SharedArea {
  public:
    using Init = void (*)(void *body, int tranche_id) noexcept;
    constexpr SharedArea(const char *name, Size size, Init init) noexcept
        : name_(name), size_(size), init_(init) {}
    SharedArea(const SharedArea &) = delete;
    SharedArea &operator=(const SharedArea &) = delete;

    void request_if_preloading();
    void *get();
    void *find() const noexcept { return body_; }

  private:
    struct Prefix;
    static void request_all();
    static void start_all();
    void create_in_main_memory();
    void create_dynamic();
    static void initialise_dynamic(void *at);
    void initialise(Prefix *);
    void attach(Prefix *);
    Size total() const noexcept;

    const char *name_;
    Size size_;
    Init init_;
    void *body_ = nullptr;
    SharedArea *next_ = nullptr; // of those requested while preloading
};
} // namespace detail

// T has `static void init(T &, int tranche_id) noexcept`, which fills the zeroed struct with plain
// stores and LWLockInitialize(). The tranche carries the name in every process that attached.
// Declare it at namespace scope: constinit SharedState<Root> shared{"name"};
template <class T> class SharedState {
    static_assert(std::is_standard_layout_v<T> && std::is_trivially_destructible_v<T>);
    static_assert(sizeof(T) <= 65536, "put what is large into a dsa area");
    static_assert(alignof(T) <= 64);

  public:
    constexpr explicit SharedState(const char *name) noexcept
        : area_(name, sizeof(T), [](void *body, int tranche_id) noexcept {
              static_assert(noexcept(T::init(*static_cast<T *>(body), tranche_id)));
              T::init(*static_cast<T *>(body), tranche_id);
          }) {}

    void request_if_preloading() { area_.request_if_preloading(); }     // from _PG_init
    T &get() { return *static_cast<T *>(area_.get()); }                 // creates or attaches
    T *find() const noexcept { return static_cast<T *>(area_.find()); } // null: not attached

  private:
    detail::SharedArea area_;
};
} // namespace pgcrew
