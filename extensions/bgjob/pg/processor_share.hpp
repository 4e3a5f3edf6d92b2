// How much of a processor this process wants while it works.
#pragma once
#include "pgcrew/guards.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>

namespace pgcrew::bgjob {

class ProcessorShare : NoCopy {
  public:
    using Clock = std::chrono::steady_clock;

    // So long it has slept for want of work, which does not count.
    void add_pause(Clock::duration pause) noexcept { paused_ += pause; }
    // Of the last 10 ms of work or more: from 0 to 1.
    float latest() noexcept {
        constexpr std::chrono::milliseconds period{10};
        const auto now = Clock::now();
        const std::chrono::duration<float> passed = now - began_ - paused_;
        if (passed >= period) {
            const auto wanted = wanted_so_far();
            const std::chrono::duration<float> used = wanted - wanted_;
            share_ = used < passed ? used / passed : 1;
            began_ = now;
            paused_ = {};
            wanted_ = wanted;
        }
        return share_;
    }

  private:
    // What it has used and what it has waited for, as far as the kernel says that
    // (Documentation/scheduler/sched-stats.rst): who waits for a processor is not helped by more
    // workers.
    static std::chrono::nanoseconds wanted_so_far() noexcept {
        long long used = 0, waited = 0;
        if (std::FILE *file = std::fopen("/proc/self/schedstat", "r")) {
            const int found = std::fscanf(file, "%lld %lld", &used, &waited);
            (void)std::fclose(file);
            if (found == 2)
                return std::chrono::nanoseconds(used + waited);
        }
        timespec t{};
        (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
    }

    Clock::time_point began_ = Clock::now();
    Clock::duration paused_{};
    std::chrono::nanoseconds wanted_ = wanted_so_far();
    float share_ = 1;
};

} // namespace pgcrew::bgjob
