#include "catch.hpp"
#include "core/link/cookie.hpp"

#include <algorithm>
#include <memory>
#include <new>
#include <string>
#include <utility>

using pgcrew::erlang_bridge::Cookie;

TEST_CASE("[erl-F2] cookies that nodes may have are accepted", "[link]") {
    for (const char *good : {"x", "MONSTER", "with space and \"quotes\"", "~!@#$%"}) {
        const auto cookie = Cookie::parse(good);
        REQUIRE(cookie);
        CHECK(cookie->bytes() == good);
    }
    CHECK(Cookie::parse(std::string(255, 'c')));
}

TEST_CASE("[erl-F2] a cookie is kept in Latin-1, which is what nodes hash", "[link]") {
    const auto cookie = Cookie::parse("\xC3\xA5\xC3\xBF\xC2\xA0");
    REQUIRE(cookie);
    CHECK(cookie->bytes() == "\xE5\xFF\xA0");
    std::string longest;
    for (int i = 0; i < 255; ++i)
        longest += "\xC3\xA5";
    CHECK(Cookie::parse(longest));
    CHECK_FALSE(Cookie::parse(longest + "x"));
}

TEST_CASE("[erl-F2] other cookies are refused", "[link]") {
    for (const char *bad :
         {"", "a\nb", "\t", "\x7F", "\xC2\x80", "\xC2\x9F", "\xC4\x80", "\xE2\x82\xAC", "\xC3",
          "\xC3x", "\xE5", "\xC0\x80", "\xF0\x9F\x98\x80"})
        CHECK_FALSE(Cookie::parse(bad));
    CHECK_FALSE(Cookie::parse(std::string("a\0b", 3)));
    CHECK_FALSE(Cookie::parse(std::string(256, 'c')));
}

TEST_CASE("[erl-F3] a cookie that moved, was wiped or is gone leaves no bytes behind", "[link]") {
    alignas(Cookie) unsigned char memory[sizeof(Cookie)] = {};
    const auto secret_is_in = [&memory] {
        const std::string secret = "very secret";
        return std::search(std::begin(memory), std::end(memory), secret.begin(), secret.end()) !=
               std::end(memory);
    };
    auto *cookie = new (memory) Cookie(std::move(*Cookie::parse("very secret")));
    REQUIRE(secret_is_in());
    SECTION("moved") {
        const Cookie other = std::move(*cookie);
        CHECK_FALSE(secret_is_in());
        CHECK(other.bytes() == "very secret");
        CHECK(cookie->bytes().empty());
    }
    SECTION("assigned") {
        auto other = Cookie::parse("x");
        *other = std::move(*cookie);
        CHECK_FALSE(secret_is_in());
        CHECK(other->bytes() == "very secret");
    }
    SECTION("wiped") {
        cookie->wipe();
        CHECK_FALSE(secret_is_in());
        CHECK(cookie->bytes().empty());
    }
    std::destroy_at(cookie);
    CHECK_FALSE(secret_is_in());
}
