// Looks at a server, one after the other, as a test tells them.
#pragma once
#include "plant.hpp"

namespace walrus_test {

// Since the look before.
struct Passed {
    int seconds = 10;
    double wal_mb = 0, image_mb = 0;
    int forced = 0, timed = 0, other = 0;
};

struct Looks {
    Config config;
    Environment environment{};
    State state{};
    Sample sample{.at = 1000 * second,
                  .lsn = 1ULL << 40,
                  .fpi = 1LL << 30,
                  .forced = 10,
                  .timed = 10,
                  .other = 10};
    Decision decision{};

    explicit Looks(const Config &c = {.max_mb = 65536}, int current_mb = 1024) : config(c) {
        environment.current_mb = current_mb;
        repeat();
    }

    const Decision &repeat() { return decision = step(config, environment, state, sample); }

    const Decision &look(const Passed &passed) {
        sample.at += passed.seconds * second;
        sample.lsn += static_cast<std::uint64_t>((passed.wal_mb + passed.image_mb) * megabyte);
        sample.fpi += static_cast<std::int64_t>(passed.image_mb * megabyte);
        sample.forced += static_cast<std::uint64_t>(passed.forced);
        sample.timed += static_cast<std::uint64_t>(passed.timed);
        sample.other += static_cast<std::uint64_t>(passed.other);
        return repeat();
    }

    // Looks each 10 s until `seconds` are over or something is decided.
    const Decision &watch(int seconds, double mb_a_second) {
        for (int t = 0; t < seconds; t += 10)
            if (look({.wal_mb = mb_a_second * 10}).action != Action::Hold)
                break;
        return decision;
    }

    void apply() {
        environment.current_mb = decision.target_mb;
        applied(state, decision, sample.at);
    }
};

} // namespace walrus_test
