// A constant load: sized soon, with few changes, and left alone then.
#include "catch.hpp"
#include "constant_load.hpp"

using namespace walrus_test;

TEST_CASE("[walrus-42][walrus-D2] 144 constant loads: few changes, then none, and nothing forced",
          "[steady]") {
    std::vector<double> overshoot;
    for_constant_loads([&](const Server &server, const Images &images, double rate) {
        CAPTURE(server.timeout_s, server.geometry.completion_target, rate, images.images_mb);
        const ConstantCourse c = hold_constant(server, images, rate);
        CHECK(c.late_forced == 0);
        CHECK(c.late_changes == 0);
        CHECK(c.changes <= 3);
        // Of the fastest loads more are forced within the first 10 s, before a second look.
        CHECK(c.forced <= std::max(2, c.forced_before_change + 1));
        overshoot.push_back(c.overshoot);
    });
    REQUIRE(overshoot.size() == 144);
    std::sort(overshoot.begin(), overshoot.end());
    CHECK(overshoot[72] <= 1.25);
    CHECK(overshoot.back() <= 1.9);
}

TEST_CASE("other segment sizes are sized as well", "[steady]") {
    for (const int segment_mb : {1, 64, 256, 1024}) {
        CAPTURE(segment_mb);
        const ConstantCourse c = hold_constant({300, {segment_mb, 0.9}, 2 * segment_mb}, {}, 20);
        CHECK(c.late_forced == 0);
        CHECK(c.late_changes == 0);
        CHECK(c.overshoot <= 1.9);
    }
}

TEST_CASE("[walrus-43] loads around the trigger, forced once per interval, are cured", "[steady]") {
    for (double rate = 1.3; rate < 2.6; rate += 0.1) {
        CAPTURE(rate);
        const ConstantCourse c = hold_constant({}, {}, rate);
        CHECK(c.forced <= 1);
        CHECK(c.late_forced == 0);
        CHECK(c.changes <= 2);
    }
}
