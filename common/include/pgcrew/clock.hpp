// Time as core code sees it: real in the server, set by hand in tests.
#pragma once
#include <cstdint>

namespace pgcrew {

class Clock {
  public:
    virtual std::int64_t now() const = 0; // microseconds since the Unix epoch; may be set back
    virtual std::int64_t
    monotonic() const = 0; // microseconds since some fixed point; never goes back

  protected:
    ~Clock() = default; // nobody owns a clock through this
};

class SystemClock final : public Clock {
  public:
    std::int64_t now() const override;
    std::int64_t monotonic() const override;
};

class ManualClock final : public Clock {
  public:
    explicit ManualClock(std::int64_t now = 0) : now_(now) {}
    std::int64_t now() const override { return now_; }
    std::int64_t monotonic() const override { return monotonic_; }
    void advance(std::int64_t us) {
        now_ += us;
        monotonic_ += us;
    }
    void set(std::int64_t now) { now_ = now; } // a jump of the wall clock

  private:
    std::int64_t now_;
    std::int64_t monotonic_ = 0;
};
} // namespace pgcrew
