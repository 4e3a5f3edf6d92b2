// How long to wait before the next attempt: longer after each failure, and not the same for two
// who failed together. All times are microseconds.
#pragma once
#include <cstdint>

namespace pgcrew {

// How the wait grows with the failures: not at all, by its base or by its multiplier each time.
enum class Growth : std::uint8_t { Fixed, Linear, Exponential };

// The part of a wait that chance decides: none, a quarter to either side, its upper half, all.
enum class Jitter : std::uint8_t { None, Quarter, Half, Full };

struct BackoffOptions {
    std::int64_t base = 100'000;
    std::int64_t cap = 30'000'000; // of every wait, whatever chance decides
    double multiplier = 2;         // at least 1
    Growth growth = Growth::Exponential;
    Jitter jitter = Jitter::Half;
};

// The wait after so many failures in a row, at least one. `random` decides what chance does.
std::int64_t backoff_wait(const BackoffOptions &options, int failures,
                          std::uint32_t random) noexcept;

// Counts the failures.
class Backoff {
  public:
    explicit Backoff(const BackoffOptions &options) noexcept : options_(options) {}

    std::int64_t next(std::uint32_t random) noexcept; // the wait after one more failure
    void reset() noexcept { failures_ = 0; }          // after a success
    std::int64_t cap() const noexcept { return options_.cap; }

  private:
    BackoffOptions options_;
    int failures_ = 0;
};

} // namespace pgcrew
