#include "catch.hpp"
#include "core/link/cause.hpp"

#include <set>
#include <string>

using namespace pgcrew::erlang_bridge;

TEST_CASE("[erl-A5] every cause has words and a SQLSTATE of its own", "[link]") {
    std::set<std::string> words, states;
    for (int i = 0; i < cause_count; ++i) {
        const auto cause = static_cast<Cause>(i);
        words.insert(text(cause));
        states.insert(sqlstate(cause).text());
        CHECK(std::string(text(cause)) != "unknown cause");
    }
    CHECK(words.size() == cause_count);
    CHECK(states.size() == cause_count);
}

TEST_CASE("causes that clients know have the usual SQLSTATE", "[link]") {
    CHECK(sqlstate(Cause::Disconnected).text() == "08006");
    CHECK(sqlstate(Cause::OutcomeUnknown).text() == "08007");
    CHECK(sqlstate(Cause::ProtocolError).text() == "08P01");
    CHECK(sqlstate(Cause::LimitReached).text() == "53400");
    CHECK(sqlstate(Cause::Canceled).text() == "57014");
}
