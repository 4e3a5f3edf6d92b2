#include "catch.hpp"
#include "core/cookie.hpp"

#include <set>

using pgcrew::bgjob::mix_cookie;

TEST_CASE("[pgbg-02] a cookie without strong random numbers is never 0 and does not repeat",
          "[cookie]") {
    std::set<std::int64_t> seen;
    for (std::uint64_t call = 0; call < 100000; ++call)
        seen.insert(mix_cookie({0, 0, 0, call}));
    CHECK(seen.size() == 100000);
    CHECK(seen.count(0) == 0);
}

TEST_CASE("[pgbg-02] each part of a fallback cookie counts, and so does its place", "[cookie]") {
    const std::int64_t base = mix_cookie({1, 2, 3, 4});
    CHECK(base != mix_cookie({9, 2, 3, 4}));
    CHECK(base != mix_cookie({1, 9, 3, 4}));
    CHECK(base != mix_cookie({1, 2, 9, 4}));
    CHECK(base != mix_cookie({1, 2, 3, 9}));
    CHECK(base != mix_cookie({2, 1, 3, 4}));
}

TEST_CASE("fallback cookies use all 64 bits", "[cookie]") {
    std::uint64_t ever_set = 0, always_set = ~std::uint64_t{0};
    for (std::uint64_t call = 0; call < 1000; ++call) {
        const auto cookie = static_cast<std::uint64_t>(mix_cookie({call}));
        ever_set |= cookie;
        always_set &= cookie;
    }
    CHECK(ever_set == ~std::uint64_t{0});
    CHECK(always_set == 0);
}

TEST_CASE("a mix that comes out as 0 becomes another number", "[cookie]") {
    // The finalizer maps 0 to 0: this one part cancels the start value.
    const std::uint64_t start = 0x9E3779B97F4A7C15U;
    CHECK(mix_cookie({std::uint64_t{0} - 2 * start}) == 1);
}
