#include "catch.hpp"
#include "core/sizing.hpp"

#include <climits>
#include <random>

using namespace pgcrew::walrus;

TEST_CASE("the trigger is PostgreSQL's", "[sizing]") {
    // CalculateCheckpointSegments(): 1 GB of 16 MB segments at 0.9 is 33, the redo point's
    // included.
    CHECK(checkpoint_segments(1024, {16, 0.9}) == 33);
    CHECK(trigger_bytes(1024, {16, 0.9}) == 512 * megabyte);
    CHECK(trigger_bytes(4096, {16, 0.9}) == 2128 * megabyte);
    CHECK(checkpoint_segments(32, {16, 0.9}) == 1);
    CHECK(trigger_bytes(32, {16, 0.9}) == 16 * megabyte);
    CHECK(checkpoint_segments(1024, {1024, 0.5}) == 1);
}

TEST_CASE("need_mb() is enough, and a segment less is not", "[sizing]") {
    std::mt19937_64 random(7);
    for (const double completion_target : {0.0, 0.5, 0.9, 1.0})
        for (int i = 0; i < 20000; ++i) {
            const Geometry g{1 << (i % 11), completion_target};
            // sizes of all magnitudes up to 1 TB
            const std::int64_t demand = static_cast<std::int64_t>(random() >> (24 + i % 30)) + 1;
            const int mb = need_mb(demand, g);
            const std::int64_t segment = g.segment_mb * megabyte;
            const bool right = mb % g.segment_mb == 0 && trigger_bytes(mb, g) >= demand &&
                               (checkpoint_segments(mb - g.segment_mb, g) - 1) * segment < demand;
            if (!right)
                FAIL_CHECK(demand << " bytes, segments of " << g.segment_mb << " MB, "
                                  << completion_target << ": " << mb << " MB");
        }
    SUCCEED("80,000 values");
}

TEST_CASE("[walrus-28] sizes saturate", "[sizing]") {
    CHECK(need_mb(LLONG_MAX, {16, 0.9}) == INT_MAX - 15);
    CHECK(need_mb(LLONG_MAX, {1024, 0.9}) == INT_MAX - 1023);
    CHECK(need_mb(0, {16, 0.9}) <= 32);
    CHECK(need_mb(LLONG_MIN, {16, 0.9}) == need_mb(0, {16, 0.9}));
    CHECK(round_up_mb(LLONG_MAX, {16, 0.9}) == INT_MAX - 15);
    CHECK(round_up_mb(33, {16, 0.9}) == 48);
    CHECK(round_up_mb(32, {16, 0.9}) == 32);
    CHECK(round_down_mb(47, {16, 0.9}) == 32);
    CHECK(round_down_mb(-5, {16, 0.9}) == 0);
}
