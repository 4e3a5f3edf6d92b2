#include "catch.hpp"
#include "core/link/link_state.hpp"

#include <set>
#include <string>

using namespace pgcrew::erlang_bridge;
using S = LinkState;
using E = LinkEvent;

namespace {

template <class F> void for_each_step(F f) {
    for (int s = 0; s < link_state_count; ++s)
        for (int e = 0; e < link_event_count; ++e)
            f(static_cast<S>(s), static_cast<E>(e),
              next_state(static_cast<S>(s), static_cast<E>(e)));
}

} // namespace

TEST_CASE("[erl-D2] every state of a connection has a word of its own", "[link]") {
    std::set<std::string> words;
    for (int s = 0; s < link_state_count; ++s)
        words.insert(name(static_cast<S>(s)));
    CHECK(words == std::set<std::string>{"down", "resolving", "connecting", "handshake", "up",
                                         "draining", "backoff", "open-circuit"});
}

TEST_CASE("[erl-D2] the way up and the way down are whole", "[link]") {
    S state = S::Down;
    for (const auto &[event, then] :
         {std::pair{E::Wanted, S::Resolving}, std::pair{E::Resolved, S::Connecting},
          std::pair{E::Connected, S::Handshake}, std::pair{E::Accepted, S::Up},
          std::pair{E::Retired, S::Draining}, std::pair{E::Closed, S::Down}}) {
        REQUIRE(next_state(state, event) == then);
        state = then;
    }
}

TEST_CASE("[erl-D2] up is reached through a handshake only", "[link]") {
    for_each_step([](S from, E event, auto to) {
        if (to == S::Up) {
            CHECK(from == S::Handshake);
            CHECK(event == E::Accepted);
        }
    });
}

TEST_CASE("[erl-D2] whatever is under way can fail, and can be closed", "[link]") {
    for (const S from : {S::Resolving, S::Connecting, S::Handshake, S::Up, S::Draining}) {
        CHECK(next_state(from, E::Failed) == S::Backoff);
        CHECK(next_state(from, E::Tripped) == S::OpenCircuit);
        CHECK(next_state(from, E::Closed) == S::Down);
    }
}

TEST_CASE("[erl-D2] a wait ends in a new attempt or in nothing", "[link]") {
    for_each_step([](S from, E event, auto to) {
        if (from == S::Backoff || from == S::OpenCircuit) {
            if (event == E::Wanted)
                CHECK(to == S::Resolving);
            else if (event == E::Closed)
                CHECK(to == S::Down);
            else
                CHECK_FALSE(to);
        }
    });
}

TEST_CASE("[erl-D2] an attempt begins where there is none", "[link]") {
    for_each_step([](S from, E event, auto to) {
        if (event == E::Wanted)
            CHECK(to.has_value() ==
                  (from == S::Down || from == S::Backoff || from == S::OpenCircuit));
    });
}
