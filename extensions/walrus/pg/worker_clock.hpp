// The worker's clock: the system's, which tests may make run faster.
#pragma once
#include "pg/fault.hpp"
#include "pgcrew/clock.hpp"

namespace pgcrew::walrus {

class WorkerClock final : public Clock {
  public:
    std::int64_t now() const override { return system_.now(); }
    std::int64_t monotonic() const override {
        return base_ + (system_.monotonic() - since_) * rate_;
    }
    // Takes over walrus.clock_rate; time goes on from where it is.
    void adjust() {
        base_ = monotonic();
        since_ = system_.monotonic();
        rate_ = clock_rate;
    }
    std::int64_t real(std::int64_t us) const {
        return us / rate_;
    } // a span of this clock in real time

  private:
    SystemClock system_;
    std::int64_t since_ = system_.monotonic(), base_ = since_;
    int rate_ = 1;
};
} // namespace pgcrew::walrus
