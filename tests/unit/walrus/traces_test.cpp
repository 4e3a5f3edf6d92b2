// Four days of six loads: what the law is measured by.
#include "catch.hpp"
#include "plant.hpp"

#include <string>

using namespace walrus_test;

namespace {

constexpr int days = 4;

const Trace &trace(const std::string &name) {
    for (const Trace &t : traces)
        if (name == t.name)
            return t;
    throw std::out_of_range(name);
}

struct Measured {
    Course course;
    double wal; // relative to an unlimited max_wal_size
};

Measured measure_trace(const std::string &name) {
    const Trace &t = trace(name);
    const Course unlimited = follow(t, {.max_wal_size_mb = 65536}, Fixed{}, days);
    REQUIRE(unlimited.forced == 0);
    const Course course = follow(t, {}, Walrus({.max_mb = 65536}), days);
    CHECK(course.forced_last_day == 0);
    CHECK(course.changes_last_day == 0);
    CHECK(course.wal_mb <= 1.03 * unlimited.wal_mb);
    return {course, course.wal_mb / unlimited.wal_mb};
}

} // namespace

TEST_CASE("[walrus-42] a constant load of 5 MB/s", "[traces]") {
    const Measured m = measure_trace("const 5 MB/s");
    CHECK(m.course.forced <= 2);
    CHECK(m.course.changes <= 3);
    CHECK(m.course.last_forced_s <= 300);
    CHECK(m.course.last_change_s <= 600);
    CHECK(m.course.end_mb < 1.4 * 6368); // needs 6368
}

TEST_CASE("[walrus-43][walrus-D3] a load just above the trigger", "[traces]") {
    const Measured m = measure_trace("marginal 1.6 MB/s");
    CHECK(m.course.forced == 0);
    CHECK(m.course.changes == 1);
    CHECK(m.course.end_mb < 2048);
}

TEST_CASE("a load with day and night", "[traces]") {
    const Measured m = measure_trace("diurnal 0.3-10 MB/s");
    CHECK(m.course.forced == 0);
    CHECK(m.course.changes <= 15);
}

TEST_CASE("a batch each hour", "[traces]") {
    const Measured m = measure_trace("hourly batch");
    CHECK(m.course.forced <= 3);
    CHECK(m.course.changes <= 3);
    CHECK(m.wal < 1.02);
}

TEST_CASE("a batch each night", "[traces]") {
    const Measured m = measure_trace("nightly batch 2 h");
    CHECK(m.course.forced == 0);
    CHECK(m.course.changes <= 8);
}

TEST_CASE("[walrus-D1] an idle server that is told CHECKPOINT each minute", "[traces]") {
    const Measured m = measure_trace("idle, CHECKPOINT a minute");
    CHECK(m.course.changes == 0);
    CHECK(m.course.end_mb == 1024);
}

TEST_CASE("both laws end the forced checkpoints, the rate law with fewer", "[traces]") {
    for (const Trace &t : traces) {
        CAPTURE(t.name);
        const Course rate = follow(t, {}, Walrus({.max_mb = 65536}), 2);
        const Course classic =
            follow(t, {}, Walrus({.algorithm = Algorithm::Classic, .max_mb = 65536}), 2);
        CHECK(classic.forced_last_day <= 1);
        CHECK(rate.forced_last_day == 0);
        CHECK((rate.forced < classic.forced || classic.forced == 0));
    }
}
