#include "catch.hpp"
#include "pgcrew/token_bucket.hpp"

using pgcrew::TokenBucket;

namespace {

constexpr std::int64_t milliseconds(std::int64_t n) { return n * 1000; }
constexpr std::int64_t seconds(std::int64_t n) { return n * 1'000'000; }

} // namespace

TEST_CASE("[erl-F7] a burst passes, then only the rate does", "[token_bucket]") {
    TokenBucket bucket(10, 5, 0);
    for (int i = 0; i < 5; ++i)
        CHECK(bucket.take(0));
    CHECK_FALSE(bucket.take(0));
    CHECK(bucket.available_at(0) == milliseconds(100));
    CHECK_FALSE(bucket.take(milliseconds(99)));
    CHECK(bucket.take(milliseconds(100)));
    CHECK_FALSE(bucket.take(milliseconds(100)));
    int taken = 0;
    for (std::int64_t now = milliseconds(100); now <= milliseconds(1100); now += milliseconds(1))
        taken += bucket.take(now) ? 1 : 0;
    CHECK(taken == 10);
}

TEST_CASE("[erl-F7] tokens that nobody takes are kept up to a burst", "[token_bucket]") {
    TokenBucket bucket(10, 5, 0);
    CHECK(bucket.take(seconds(3600), 5));
    CHECK_FALSE(bucket.take(seconds(3600), 1));
}

TEST_CASE("[erl-F7] many tokens at once are bytes in a second", "[token_bucket]") {
    TokenBucket bucket(1000, 2000, 0);
    CHECK(bucket.take(0, 2000));
    CHECK(bucket.available_at(0, 500) == milliseconds(500));
    CHECK(bucket.take(milliseconds(500), 500));
    CHECK(bucket.available_at(milliseconds(500), 2001) == TokenBucket::never);
}

TEST_CASE("a rate of 0 is no limit", "[token_bucket]") {
    TokenBucket bucket(0, 0, 0);
    for (int i = 0; i < 1000; ++i)
        REQUIRE(bucket.take(0, 1e9));
    CHECK(bucket.available_at(7, 1e9) == 7);
}

TEST_CASE("a clock that stands still or is behind gives nothing", "[token_bucket]") {
    TokenBucket bucket(10, 1, seconds(10));
    CHECK(bucket.take(seconds(10)));
    CHECK_FALSE(bucket.take(seconds(5)));
    CHECK(bucket.take(seconds(10) + milliseconds(100)));
}
