#include "catch.hpp"
#include "core/link/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

using pgcrew::erlang_bridge::Histogram;

TEST_CASE("buckets follow each other without gap", "[link]") {
    std::size_t last = 0;
    for (std::uint64_t value = 0; value < 2000000; ++value) {
        const std::size_t bucket = Histogram::bucket_of(value);
        REQUIRE((bucket == last || bucket == last + 1));
        last = bucket;
    }
    CHECK(Histogram::bucket_of(0xFFFFFFFFU) == Histogram::buckets - 1);
    CHECK(Histogram::bucket_of(~std::uint64_t{0}) == Histogram::buckets - 1);
}

TEST_CASE("[erl-G2] the middle of a bucket is within 5 % of every value in it", "[link]") {
    std::mt19937_64 random(1);
    for (int i = 0; i < 1000000; ++i) {
        const std::uint64_t value = random() >> (32 + random() % 32);
        const auto middle = static_cast<double>(Histogram::middle_of(Histogram::bucket_of(value)));
        REQUIRE(std::abs(middle - static_cast<double>(value)) <= 0.05 * static_cast<double>(value));
    }
}

TEST_CASE("[erl-G2] percentiles are within 5 % of those of the sorted values", "[link]") {
    std::mt19937_64 random(2);
    std::lognormal_distribution<double> latency(5, 2);
    const auto histogram = std::make_unique<Histogram>();
    std::vector<double> values;
    for (int i = 0; i < 100000; ++i) {
        const auto value = static_cast<std::uint64_t>(latency(random)) + 1;
        histogram->add(value);
        values.push_back(static_cast<double>(value));
    }
    std::sort(values.begin(), values.end());
    for (const double share : {0.0, 0.01, 0.5, 0.95, 0.99, 0.999, 1.0}) {
        const auto rank = std::max<std::size_t>(
            1, static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size()))));
        const double exact = values[rank - 1];
        CHECK(std::abs(static_cast<double>(histogram->percentile(share)) - exact) <= 0.05 * exact);
    }
}

TEST_CASE("a histogram of nothing has percentiles of 0, again after a reset", "[link]") {
    Histogram histogram;
    CHECK(histogram.percentile(0.5) == 0);
    histogram.add(1000);
    CHECK(histogram.percentile(0.5) > 0);
    histogram.reset();
    CHECK(histogram.percentile(0.5) == 0);
}
