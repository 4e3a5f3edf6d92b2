#include "catch.hpp"
#include "core/link/node_name.hpp"

#include <string>

using pgcrew::erlang_bridge::NodeName;

TEST_CASE("a node name has two parts", "[link]") {
    const auto name = NodeName::parse("rabbit@db-1.example.org");
    REQUIRE(name);
    CHECK(name->full() == "rabbit@db-1.example.org");
    CHECK(name->alive() == "rabbit");
    CHECK(name->host() == "db-1.example.org");
}

TEST_CASE("[erl-F1] names that nodes may have are accepted", "[link]") {
    for (const char *good : {"a@b", "A-z_09@host", "n@127.0.0.1", "n@::1", "n@fe80::1:2", "n@a.b.c",
                             "n@my_host", "n@1.example", "n@3com.com"})
        CHECK(NodeName::parse(good));
}

TEST_CASE("[erl-F1] names that are no node names are refused", "[link]") {
    for (const char *bad :
         {"",       "a",       "@",       "a@",         "@b",    "a@b@c",  "a b@c",  "a@b c",
          "a'@b",   "a@b/c",   "a@-b",    "a@b-",       "a@.b",  "a@b.",   "a@b..c", "a.b@c",
          "a@b:80", "a@[::1]", "a@::1::", "\xC3\xA4@b", "a@b\n", "a@$(x)", "a@%2e"})
        CHECK_FALSE(NodeName::parse(bad));
    CHECK_FALSE(NodeName::parse(std::string("a@b\0c", 5)));
    CHECK_FALSE(NodeName::parse(std::string("a@::1\0", 6)));
}

TEST_CASE("[erl-F1] an address in an unusual form is not taken for a name", "[link]") {
    for (const char *bad : {"a@127.1", "a@2130706433", "a@0x7f000001", "a@127.0.0.256",
                            "a@1.2.3.4.5", "a@0177.0.0.1", "a@host.1", "a@127.0.0.0x1"})
        CHECK_FALSE(NodeName::parse(bad));
}

TEST_CASE("[erl-F1] a name has at most 255 bytes, a label 63", "[link]") {
    const std::string host = "@h.example";
    CHECK(NodeName::parse(std::string(255 - host.size(), 'a') + host));
    CHECK_FALSE(NodeName::parse(std::string(256 - host.size(), 'a') + host));
    CHECK(NodeName::parse("a@" + std::string(63, 'h')));
    CHECK_FALSE(NodeName::parse("a@" + std::string(64, 'h')));
}
