#include "catch.hpp"
#include "core/link/sealed_cookie.hpp"

#include <cstring>

using namespace pgcrew::erlang_bridge;

namespace {

Cookie cookie(std::string_view text) { return Cookie::parse(text).value(); }

} // namespace

TEST_CASE("[erl-F3] a sealed cookie opens again", "[link]") {
    const GuardedMemory key = new_sealing_key();
    for (const std::string &text :
         {std::string("x"), std::string("caf\xC3\xA9 \xC3\xBF"), std::string(255, 'c')}) {
        const auto opened = open_sealed_cookie(seal_cookie(cookie(text), "a@b", key), "a@b", key);
        REQUIRE(opened);
        CHECK(opened->bytes() == cookie(text).bytes());
    }
}

TEST_CASE("[erl-F3] what is sealed shows nothing", "[link]") {
    const GuardedMemory key = new_sealing_key();
    const std::string one = seal_cookie(cookie("secret"), "a@b", key);
    const std::string same = seal_cookie(cookie("secret"), "a@b", key);
    const std::string longer = seal_cookie(cookie(std::string(255, 's')), "node@host", key);
    CHECK(one != same);
    CHECK(one.size() == longer.size());
    CHECK(one.find("secret") == std::string::npos);
}

TEST_CASE("[erl-F3] a sealed cookie opens for its own node alone", "[link]") {
    const GuardedMemory key = new_sealing_key();
    const std::string sealed = seal_cookie(cookie("secret"), "a@b", key);
    CHECK_FALSE(open_sealed_cookie(sealed, "a@c", key));
    CHECK_FALSE(open_sealed_cookie(sealed, "", key));
}

TEST_CASE("[erl-F3] a sealed cookie needs its key and all of its bits", "[link]") {
    const GuardedMemory key = new_sealing_key(), other = new_sealing_key();
    REQUIRE(std::memcmp(key.data(), other.data(), key.size()) != 0);
    const std::string sealed = seal_cookie(cookie("secret"), "a@b", key);
    CHECK_FALSE(open_sealed_cookie(sealed, "a@b", other));
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        std::string changed = sealed;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        CHECK_FALSE(open_sealed_cookie(changed, "a@b", key));
    }
    for (std::size_t size = 0; size < sealed.size(); ++size)
        CHECK_FALSE(open_sealed_cookie(sealed.substr(0, size), "a@b", key));
    CHECK_FALSE(open_sealed_cookie(sealed + 'x', "a@b", key));
}
