// A million servers that behave at random: whatever comes, the law keeps its word.
#include "catch.hpp"
#include "looks.hpp"

#include <random>

using namespace walrus_test;

namespace {

class Randomness {
  public:
    explicit Randomness(std::uint64_t seed) : engine_(seed) {}
    int below(int n) { return static_cast<int>((engine_() >> 33) % static_cast<std::uint64_t>(n)); }
    bool one_in(int n) { return below(n) == 0; }
    // of all magnitudes from 0
    std::int64_t any_size() { return static_cast<std::int64_t>(engine_() >> (1 + below(63))); }

  private:
    std::mt19937_64 engine_;
};

void surround(Randomness &random, Looks &looks) {
    Environment &env = looks.environment;
    env.geometry = {1 << random.below(11), random.below(11) / 10.0};
    env.timeout_us = (30 + random.below(3000)) * second;
    env.current_mb = round_up_mb(2 * env.geometry.segment_mb + random.below(100000), env.geometry);
    env.min_wal_size_mb = 1 + random.below(200);
    env.disk_free = random.one_in(2) ? random.any_size() : -1;
    env.wal_used = random.any_size();
    env.wal_retained = random.any_size();
    env.replay_rate = random.any_size();
    env.in_recovery = random.one_in(8);
    Config &config = looks.config;
    config.algorithm = random.one_in(3) ? Algorithm::Classic : Algorithm::Rate;
    config.max_mb = 2 + static_cast<int>(random.any_size() % INT32_MAX) / 2;
    config.threshold = 1 + random.below(4);
    config.min_size_mb = 2 + random.below(5000);
    config.cooldown_s = random.below(2) * 300;
    config.max_changes_per_hour = random.below(5);
    config.recovery_s = random.below(600);
    config.advise = random.one_in(4);
    config.lookback_us = 100 * second;
    config.shrink_intervals = 1;
}

void pass(Randomness &random, Looks &looks) {
    Sample &s = looks.sample;
    s.at += random.one_in(8) ? looks.environment.timeout_us : random.below(600) * second;
    s.lsn += static_cast<std::uint64_t>(random.any_size());
    s.fpi += random.any_size() / 4;
    s.forced += static_cast<std::uint64_t>(random.below(4));
    s.timed += static_cast<std::uint64_t>(random.below(2));
    s.other += static_cast<std::uint64_t>(random.below(2));
    if (random.one_in(30))
        s.forced = static_cast<std::uint64_t>(random.any_size());
    if (random.one_in(30))
        s.at -= random.below(1000) * second;
    if (random.one_in(30))
        s.fpi = 0;
    if (random.one_in(30))
        looks.environment.current_mb += looks.environment.geometry.segment_mb;
}

bool keeps_its_word(const Looks &looks) {
    const Decision &d = looks.decision;
    const int segment = looks.environment.geometry.segment_mb;
    const bool change = d.action == Action::Increase || d.action == Action::Decrease;
    const bool allowed = !looks.config.advise && !looks.environment.in_recovery;
    const bool bounds_hold = d.floor_mb >= 2 * segment &&
                             d.floor_mb >= looks.environment.min_wal_size_mb &&
                             d.cap_mb >= d.floor_mb && d.cap_mb % segment == 0 && d.demand >= 0;
    if (d.apply != allowed || !bounds_hold || d.recommended_mb < 1)
        return false;
    if (!change)
        return d.target_mb == d.current_mb;
    return d.target_mb >= d.floor_mb && d.target_mb <= d.cap_mb && d.target_mb % segment == 0 &&
           (d.action == Action::Increase) == (d.target_mb > d.current_mb) &&
           looks.config.max_changes_per_hour > 0;
}

} // namespace

TEST_CASE(
    "[walrus-44] a million random servers: floor <= target <= cap, and advice is never applied",
    "[random]") {
#ifdef __SANITIZE_ADDRESS__
    constexpr int servers = 100'000; // each takes ten times as long
#else
    constexpr int servers = 1'000'000;
#endif
    Randomness random(20261121);
    int changes = 0, broken = 0;
    const Looks fresh;
    Looks looks;
    for (int i = 0; i < servers; ++i) {
        looks.sample = fresh.sample;
        looks.state = {};
        surround(random, looks);
        const int steps = 4 + random.below(3);
        for (int n = 0; n < steps; ++n) {
            pass(random, looks);
            looks.repeat();
            broken += keeps_its_word(looks) ? 0 : 1;
            const bool change = looks.decision.target_mb != looks.decision.current_mb;
            changes += change ? 1 : 0;
            if (change && looks.decision.apply && !random.one_in(4))
                looks.apply();
        }
    }
    CHECK(broken == 0);
    CHECK(changes > servers / 10);
}
