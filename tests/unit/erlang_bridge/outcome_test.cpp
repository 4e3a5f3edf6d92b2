#include "catch.hpp"
#include "core/link/outcome.hpp"
#include "scripted_peer.hpp"

#include <string>

using namespace pgcrew::erlang_bridge;

namespace {

Outcome of(const std::string &reason) { return outcome_of_exit(reason, peer::us(), 9); }

std::string tuple_of(std::initializer_list<std::string> terms) {
    TermWriter out;
    out.tuple(terms.size());
    for (const std::string &term : terms)
        out.raw(term);
    return out.take();
}

} // namespace

TEST_CASE("the outcomes of a call are told apart", "[link]") {
    const std::string value = peer::atom("value"), stack = tuple_of({peer::atom("stack")});
    for (const auto &[kind, cause] :
         {std::pair{"return", Cause::None}, std::pair{"throw", Cause::RemoteThrow},
          std::pair{"exit", Cause::RemoteExit}, std::pair{"error", Cause::RemoteError}}) {
        const std::string reason = peer::outcome(9, kind, value);
        CHECK(of(reason).cause == cause);
        CHECK(of(reason).value == value);
        CHECK(of(reason).stack.empty());
    }
    const std::string error = peer::outcome(9, "error", value, stack);
    CHECK(of(error).cause == Cause::RemoteError);
    CHECK(of(error).value == value);
    CHECK(of(error).stack == stack);
}

TEST_CASE("any other exit is the death of the process", "[link]") {
    TermWriter integer;
    integer.integer(1);
    for (const std::string &reason :
         {peer::atom("killed"), integer.bytes(), std::string("j"), tuple_of({}),
          tuple_of({peer::atom("a"), peer::atom("return"), peer::atom("v")}),
          peer::outcome(10, "return", peer::atom("v")), peer::outcome(9, "other", peer::atom("v")),
          peer::outcome(9, "return", peer::atom("v"), peer::atom("w"))}) {
        CHECK(of(reason).cause == Cause::RemoteDied);
        CHECK(of(reason).value == reason);
    }
}

TEST_CASE("an outcome that is cut off never reads beyond its end", "[link]") {
    const std::string whole = peer::outcome(9, "error", peer::atom("r"), peer::atom("s"));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const std::string part = whole.substr(0, size); // of its own, so that a sanitizer sees it
        const Outcome got = of(part);
        CHECK(got.cause != Cause::None);
        CHECK(got.value.size() + got.stack.size() <= part.size());
    }
}

TEST_CASE("rex answers with a value or with badrpc", "[link]") {
    const auto rex = [](const std::string &value) { return tuple_of({peer::atom("rex"), value}); };
    const std::string good = rex(peer::atom("v")),
                      bad = rex(tuple_of({peer::atom("badrpc"), peer::atom("why")}));
    CHECK(outcome_of_rex(good).cause == Cause::None);
    CHECK(outcome_of_rex(good).value == peer::atom("v"));
    CHECK(outcome_of_rex(bad).cause == Cause::RemoteExit);
    CHECK(outcome_of_rex(bad).value == peer::atom("why"));
    for (const std::string &nonsense :
         {std::string(), std::string("j"), peer::atom("rex"), tuple_of({peer::atom("rex")}),
          tuple_of({peer::atom("xer"), peer::atom("v")}), std::string("h\x02w\xFFrex")})
        CHECK(outcome_of_rex(nonsense).cause == Cause::ProtocolError);
}
