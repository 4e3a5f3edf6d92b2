#include "catch.hpp"
#include "core/link/handshake.hpp"
#include "scripted_peer.hpp"

#include <string>

using namespace pgcrew::erlang_bridge;
using namespace std::string_literals;

namespace {

HandshakeOptions options(std::size_t header_bytes = 2) {
    HandshakeOptions options;
    options.own_host = "pg.example";
    options.challenge = 42;
    options.header_bytes = header_bytes;
    return options;
}

Handshake begin(const HandshakeOptions &with = options()) {
    return {with, *NodeName::parse(peer::node), std::move(*Cookie::parse(peer::cookie))};
}

// Let in up to the point where the peer's proof is awaited.
Handshake waiting_for_ack() {
    Handshake handshake = begin();
    handshake.on_bytes(peer::packet(peer::named_status()));
    handshake.on_bytes(peer::packet(peer::challenge_body()));
    return handshake;
}

Cause failure_after(const std::string &body, Handshake handshake = begin()) {
    handshake.on_bytes(peer::packet(body));
    CHECK_FALSE(handshake.cookie_held());
    return handshake.failure();
}

Handshake after_status() {
    Handshake handshake = begin();
    handshake.on_bytes(peer::packet(peer::named_status()));
    return handshake;
}

std::string peer_side(std::size_t header_bytes = 2) {
    return peer::packet(peer::named_status(), header_bytes) +
           peer::packet(peer::challenge_body(), header_bytes) +
           peer::packet(peer::ack_body(42), header_bytes);
}

} // namespace

TEST_CASE("a handshake comes to its end however the stream is split", "[link]") {
    const std::size_t header_bytes = GENERATE(2U, 4U); // TCP, TLS
    const std::string stream = peer_side(header_bytes) + "\0\0\0\0"s;
    for (std::size_t step = 1; step <= stream.size(); ++step) {
        Handshake handshake = begin(options(header_bytes));
        std::size_t taken = 0;
        for (std::size_t at = 0; at < stream.size() && !handshake.done(); at += step)
            taken += handshake.on_bytes(std::string_view(stream).substr(at, step));
        REQUIRE(handshake.done());
        CHECK(taken == stream.size() - 4); // the frame after it is not taken
        CHECK(handshake.failure() == Cause::None);
        CHECK(handshake.own_name() == peer::given_name);
        CHECK(handshake.own_creation() == peer::given_creation);
        CHECK(handshake.peer_flags() == peer::flags);
        CHECK(handshake.peer_creation() == 7);
    }
}

TEST_CASE("without a name of its own a node asks the peer for one", "[link]") {
    const std::string sent = begin().take_output();
    CHECK(sent.substr(0, 3) == "\0\x19N"s);
    const auto flags = number_at<std::uint64_t>(std::string_view(sent).substr(3));
    CHECK((flags & std::uint64_t{2} << 32U) != 0);
    CHECK(sent.substr(15) == "\0\x0Apg.example"s);
}

TEST_CASE("a node with a name gives it", "[link]") {
    HandshakeOptions named = options();
    named.own_alive = "pg";
    named.creation = 99;
    Handshake handshake = begin(named);
    const std::string sent = handshake.take_output();
    const auto flags = number_at<std::uint64_t>(std::string_view(sent).substr(3));
    CHECK((flags & std::uint64_t{2} << 32U) == 0);
    CHECK(sent.substr(11) == "\0\0\0\x63\0\x0Dpg@pg.example"s);
    handshake.on_bytes(peer::packet("sok"));
    handshake.on_bytes(peer::packet(peer::challenge_body()));
    handshake.on_bytes(peer::packet(peer::ack_body(42)));
    CHECK(handshake.done());
    CHECK(handshake.own_name() == "pg@pg.example");
    CHECK(handshake.own_creation() == 99);
}

TEST_CASE("only what can be honoured is announced", "[link]") {
    const auto flags = number_at<std::uint64_t>(std::string_view(begin().take_output()).substr(3));
    for (const std::uint64_t absent : {0x1U, 0x2U, 0x8U, 0x20U, 0x2000U, 0x80000U, 0x400000U,
                                       0x800000U}) // published, caches, monitors, fragments...
        CHECK((flags & absent) == 0);
    CHECK((flags & std::uint64_t{1} << 32U) == 0); // spawn
    CHECK((flags & std::uint64_t{8} << 32U) == 0); // alias
    CHECK(peer_is_able(flags));
}

TEST_CASE("the proof is MD5 of the cookie and the peer's challenge", "[link]") {
    Handshake handshake = waiting_for_ack();
    const std::string sent = handshake.take_output();
    const std::string proof = sent.substr(sent.size() - 16);
    // printf 'secret4275878552' | md5sum
    CHECK(same_digest({0x66, 0xd2, 0x91, 0x07, 0x8e, 0x3d, 0xf8, 0x72, 0xca, 0xca, 0xba, 0x62, 0xf0,
                       0x12, 0xaf, 0x18},
                      proof));
    CHECK(sent.substr(sent.size() - 23, 7) == "\0\x15r\0\0\0\x2A"s);
}

TEST_CASE("[erl-F3] the cookie is wiped as soon as the proofs are made", "[link]") {
    Handshake handshake = after_status();
    CHECK(handshake.cookie_held());
    handshake.on_bytes(peer::packet(peer::challenge_body()));
    CHECK_FALSE(handshake.cookie_held());
    CHECK(handshake.take_output().find(peer::cookie) == std::string::npos);
}

TEST_CASE("[erl-A5] each refusal of the peer has its cause", "[link]") {
    CHECK(failure_after("snot_allowed") == Cause::NotAllowed);
    CHECK(failure_after("snok") == Cause::NameInUse);
    CHECK(failure_after("salive") == Cause::NameInUse);
    CHECK(begin().on_end() == Cause::Closed);
    CHECK(waiting_for_ack().on_end() == Cause::CookieRejected);
}

TEST_CASE("a name that is in use is left to who has it", "[link]") {
    Handshake handshake = begin();
    handshake.take_output();
    handshake.on_bytes(peer::packet("salive"));
    CHECK(handshake.take_output() == peer::packet("sfalse"));
}

TEST_CASE("[erl-F8] nothing is proven to a peer of another name", "[link]") {
    for (const char *name : {"other@peer.example", "srv@peer.example.org", "srv@peer.exampl", ""}) {
        Handshake handshake = after_status();
        handshake.take_output();
        handshake.on_bytes(peer::packet(peer::challenge_body(name)));
        CHECK(handshake.failure() == Cause::WrongPeer);
        CHECK(handshake.take_output().empty());
    }
}

TEST_CASE("[erl-F8] a peer that does not know the cookie is not believed", "[link]") {
    CHECK(failure_after(peer::ack_body(42, "another"), waiting_for_ack()) == Cause::CookieRejected);
    CHECK(failure_after(peer::ack_body(43), waiting_for_ack()) == Cause::CookieRejected);
}

TEST_CASE("a peer too old to be talked to is refused", "[link]") {
    CHECK(failure_after(peer::challenge_body(peer::node, 0), after_status()) ==
          Cause::ProtocolError);
    CHECK(failure_after("n\0\5\0\0\0\0\0\0\0\1srv@peer.example"s, after_status()) ==
          Cause::ProtocolError);
}

TEST_CASE("packets that no node sends end a handshake", "[link]") {
    const std::string named = peer::named_status();
    for (const std::string &bad :
         {"x"s, "s"s, "sno"s, "sok"s, "sok_simultaneous"s, "snamed:"s, "snamed:\0\1"s,
          named.substr(0, named.size() - 1), peer::named_status("no name"), peer::named_status(""),
          peer::named_status("x@elsewhere"), peer::challenge_body()})
        CHECK(failure_after(bad) == Cause::ProtocolError);

    const std::string challenge = peer::challenge_body();
    for (const std::string &bad :
         {"N"s, challenge.substr(0, 18), challenge.substr(0, challenge.size() - 1), "sok"s})
        CHECK(failure_after(bad, after_status()) == Cause::ProtocolError);

    for (const std::string &bad : {"a"s, "a12345678"s, peer::ack_body(42) + "x", "sok"s})
        CHECK(failure_after(bad, waiting_for_ack()) == Cause::ProtocolError);
}

TEST_CASE("a length of a handshake packet is not believed blindly", "[link]") {
    for (const std::string &bad : {"\0\0"s, "\xFF\xFF"s, "\4\0"s}) {
        Handshake handshake = begin();
        handshake.on_bytes(bad);
        CHECK(handshake.failure() == Cause::ProtocolError);
    }
    Handshake handshake = begin(options(4));
    handshake.on_bytes("\xFF\xFF\xFF\xFF");
    CHECK(handshake.failure() == Cause::ProtocolError);
}
