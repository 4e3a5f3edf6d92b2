#include "catch.hpp"
#include "core/link/epmd.hpp"

#include <string>

using namespace pgcrew::erlang_bridge;
using namespace std::string_literals;

namespace {

std::string port_answer(const std::string &name, std::uint16_t port = 0x1234, char highest = 6,
                        char lowest = 5, char protocol = 0) {
    return "w\0"s + static_cast<char>(port >> 8) + static_cast<char>(port & 0xFF) + 'M' + protocol +
           '\0' + highest + '\0' + lowest + '\0' + static_cast<char>(name.size()) + name + "\0\0"s;
}

Cause cause_of(const std::string &answer) {
    EpmdPortQuery query("node");
    const auto got = query.on_bytes(answer);
    return got ? got->cause : EpmdPortQuery::on_end().cause;
}

std::optional<std::vector<EpmdName>> names_of(const std::string &answer) {
    EpmdNamesQuery query;
    REQUIRE(query.on_bytes(answer));
    return query.on_end();
}

} // namespace

TEST_CASE("the question for a port is a length, a tag and the name", "[link]") {
    CHECK(EpmdPortQuery("node").request() == "\0\5znode"s);
}

TEST_CASE("a port is found however its answer is split", "[link]") {
    const std::string answer = port_answer("node");
    for (std::size_t split = 0; split <= answer.size(); ++split) {
        EpmdPortQuery query("node");
        auto got = query.on_bytes(answer.substr(0, split));
        if (!got)
            got = query.on_bytes(answer.substr(split));
        REQUIRE(got);
        CHECK(got->cause == Cause::None);
        CHECK(got->port == 0x1234);
    }
}

TEST_CASE("[erl-A5] a node that epmd does not know is told from an epmd that talks nonsense",
          "[link]") {
    CHECK(cause_of("w\1"s) == Cause::NotRegistered);
    CHECK(cause_of("") == Cause::EpmdInvalid);
    CHECK(cause_of("w") == Cause::EpmdInvalid);
    CHECK(cause_of("HTTP/1.1 400 Bad Request") == Cause::EpmdInvalid);
    CHECK(cause_of(port_answer("node").substr(0, 15)) == Cause::EpmdInvalid);
    CHECK(cause_of(port_answer("edon")) == Cause::EpmdInvalid);
    CHECK(cause_of(port_answer("nodes")) == Cause::EpmdInvalid);
    CHECK(cause_of(port_answer("node", 0)) == Cause::EpmdInvalid);
    CHECK(cause_of(port_answer("node", 1, 5)) == Cause::EpmdInvalid);
    CHECK(cause_of(port_answer("node", 1, 8, 7)) == Cause::EpmdInvalid);
    CHECK(cause_of(port_answer("node", 1, 6, 6)) == Cause::None);
    CHECK(cause_of(port_answer("node", 1, 6, 5, 1)) == Cause::EpmdInvalid);
}

TEST_CASE("[erl-H4] the names of a host's nodes are read", "[link]") {
    CHECK(EpmdNamesQuery::request() == "\0\1n"s);
    CHECK(names_of("\0\0\x11\x11"s) == std::vector<EpmdName>{});
    CHECK(names_of("\0\0\x11\x11name a at port 1\nname rabbit at port 65535\n"s) ==
          std::vector<EpmdName>{{"a", 1}, {"rabbit", 65535}});
    // No byte comes through that a text of the server could not have.
    CHECK(names_of("\0\0\x11\x11name k\xE5\0\x1B\x7F at port 1\n"s) ==
          std::vector<EpmdName>{{"k????", 1}});
}

TEST_CASE("a list of names that is not one is refused", "[link]") {
    for (const std::string &bad :
         {""s, "\0\0\x11"s, "\0\0\x11\x11name a at port 1"s, "\0\0\x11\x11name a at port 65536\n"s,
          "\0\0\x11\x11name a at port x\n"s, "\0\0\x11\x11nam\n"s, "\0\0\x11\x11\n"s,
          "\0\0\x11\x11name at port 1\n"s, "\0\0\x11\x11name a at port 1x\n"s})
        CHECK_FALSE(names_of(bad));
}

TEST_CASE("a list of names without an end is given up", "[link]") {
    EpmdNamesQuery query(100);
    CHECK(query.on_bytes(std::string(100, 'x')));
    CHECK_FALSE(query.on_bytes("x"));
}
