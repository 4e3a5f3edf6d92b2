#include "catch.hpp"
#include "core/net/address_filter.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string>

using namespace pgcrew::erlang_bridge;

namespace {

bool denies(const char *ranges, const char *address) {
    const auto filter = AddressFilter::parse(ranges);
    const auto parsed = Address::parse(address);
    REQUIRE(filter);
    REQUIRE(parsed);
    return filter->contains(*parsed);
}

} // namespace

TEST_CASE("an address is read in its usual form only") {
    CHECK(Address::parse("10.1.2.3"));
    CHECK(Address::parse("::1"));
    for (const char *bad : {"", "10.1.2", "10.1.2.3.4", "10.1.2.256", "0x7f.0.0.1", "localhost",
                            "::1%lo", "[::1]", " 10.1.2.3", "10.1.2.3/32", ":::"})
        CHECK_FALSE(Address::parse(bad));
    CHECK_FALSE(Address::parse(std::string_view("10.1.2.3\0x", 10)));
}

TEST_CASE("a socket's address is read") {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_scope_id = 7;
    inet_pton(AF_INET6, "fe80::1", &v6.sin6_addr);
    auto got = Address::of(reinterpret_cast<const sockaddr &>(v6));
    REQUIRE(got);
    CHECK(got->scope == 7);
    CHECK(got->bytes == Address::parse("fe80::1")->bytes);

    inet_pton(AF_INET6, "::ffff:10.1.2.3", &v6.sin6_addr);
    CHECK(Address::of(reinterpret_cast<const sockaddr &>(v6)) == Address::parse("10.1.2.3"));

    sockaddr other{};
    other.sa_family = AF_UNIX;
    CHECK_FALSE(Address::of(other));
}

TEST_CASE("[erl-F5] ranges contain what their bits say") {
    CHECK(denies("10.0.0.0/8", "10.255.255.255"));
    CHECK_FALSE(denies("10.0.0.0/8", "11.0.0.0"));
    CHECK(denies("192.168.128.0/17", "192.168.255.1"));
    CHECK_FALSE(denies("192.168.128.0/17", "192.168.127.255"));
    CHECK(denies("192.0.2.1", "192.0.2.1"));
    CHECK_FALSE(denies("192.0.2.1", "192.0.2.0"));
    CHECK(denies("0.0.0.0/0", "203.0.113.9"));
    CHECK_FALSE(denies("0.0.0.0/0", "2001:db8::1"));
    CHECK(denies("2001:db8::/33", "2001:db8:7fff::1"));
    CHECK_FALSE(denies("2001:db8::/33", "2001:db8:8000::1"));
    CHECK(denies("::1/128", "::1"));
    CHECK_FALSE(denies("::1/128", "::2"));
    CHECK_FALSE(denies("::/0", "10.1.2.3"));
    CHECK(denies(" 10.0.0.0/8 ,\t::1/128\n", "::1"));
    CHECK_FALSE(denies("", "10.1.2.3"));
    CHECK_FALSE(denies("  ", "::1"));
}

TEST_CASE("[erl-F5] no other way of writing an address gets past a range") {
    CHECK(denies("10.0.0.0/8", "::ffff:10.1.2.3"));
    CHECK(denies("::ffff:10.0.0.0/104", "10.1.2.3"));
    CHECK_FALSE(denies("::ffff:10.0.0.0/104", "11.1.2.3"));
    CHECK(denies("::ffff:10.1.2.3", "10.1.2.3"));
    CHECK(denies("127.0.0.0/8", "0.0.0.0"));
    CHECK(denies("::1", "::"));
    CHECK(denies("0.0.0.0", "0.0.0.0"));
    CHECK_FALSE(denies("127.0.0.0/8", "1.0.0.0"));
}

TEST_CASE("what is not a list of ranges is refused") {
    for (const char *bad :
         {"10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "/8", "10.0.0/8",
          "localhost", ",", "10.0.0.0/8,", ",10.0.0.0/8", "10.0.0.0/8;::1", "10.0.0.0 /8",
          "10.0.0.0/99999999999", "::ffff:10.0.0.0/95"})
        CHECK_FALSE(AddressFilter::parse(bad));
}
