// How much WAL is written: over the last checkpoint_timeout, at its peaks over a day, and minute by
// minute for what-if questions.
#pragma once
#include <array>
#include <cstdint>
#include <deque>

namespace pgcrew::walrus {

// One look at the server.
struct Sample {
    std::int64_t at = 0;      // monotonic
    std::uint64_t lsn = 0;    // insert location, of a standby the replay location
    std::int64_t fpi = 0;     // bytes of full-page images so far, 0 if not known
    std::uint64_t forced = 0; // checkpoints by WAL so far
    std::uint64_t timed = 0;  // by time
    std::uint64_t other = 0;  // for any other reason
};

// The samples of the last checkpoint_timeout and the one just before them; so many are thinned.
struct DemandWindow {
    static constexpr int most_samples = 260;
    std::deque<Sample> samples;
    std::int64_t timeout_us = 0; // checkpoint_timeout they were taken under
    void add(const Sample &);
};

// Did a counter, the location or the clock go back, so that differences mean nothing?
bool went_back(const Sample &from, const Sample &to) noexcept;

// What a window tells.
struct Measurement {
    bool known = false; // it is long enough to tell anything
    bool full = false;  // it spans a checkpoint_timeout
    std::int64_t window_us = 0;
    std::uint64_t forced = 0, timed = 0, other = 0;
    std::int64_t demand = 0; // bytes of WAL per checkpoint_timeout, extrapolated unless full
    std::int64_t images = 0; // of them full-page images
    std::int64_t since_checkpoint = 0; // bytes since the last checkpoint
    std::int64_t projected = 0;        // and until checkpoint_timeout ends; 0: too early to say
};
Measurement measure(const DemandWindow &, std::int64_t timeout_us);

struct Peak {
    std::int64_t at;    // when its interval closed, monotonic
    std::int64_t bytes; // the most WAL per checkpoint_timeout seen in it
};

// Peaks of the closed intervals within the lookback, and the interval that is open.
struct PeakHistory {
    std::deque<Peak> closed;
    std::int64_t since = 0;     // learning began, 0: not yet
    std::int64_t opened_at = 0; // the open interval
    std::int64_t open_peak = 0;
    std::uint64_t open_forced = 0; // checkpoints by WAL before it
    int quiet = 0;                 // closed intervals in a row without a checkpoint by WAL

    static constexpr int most_slots = 300;
    // A look at `demand` bytes per checkpoint_timeout, 0 while that is not known; closes the open
    // interval when it has lasted a checkpoint_timeout, and forgets what is older than the
    // lookback.
    void add(const Sample &, std::int64_t demand, std::int64_t timeout_us,
             std::int64_t lookback_us);
    // Counters, location or clock start anew with this sample, after `pause_us` without a look.
    void restart(const Sample &, std::int64_t pause_us);
    std::int64_t most() const noexcept; // bytes, the open interval included
    bool spans(std::int64_t now, std::int64_t lookback_us) const noexcept;
};

// WAL of each of the last 1,440 minutes. Plain data: it lives in shared memory.
struct MinuteLog {
    static constexpr int size = 1440;
    struct Minute {
        std::uint32_t wal_kb, image_kb; // image_kb: of it full-page images
    };
    std::array<Minute, size> minutes{};
    std::int64_t newest = -1; // number of the newest minute, counted from any point; -1: none
    int filled = 0;           // minutes recorded, including idle ones
    // Adds bytes to the minute `number`; minutes skipped are idle. Older than the newest: ignored.
    void add(std::int64_t number, std::int64_t wal, std::int64_t images) noexcept;
};
} // namespace pgcrew::walrus
