// The way of a link from a connected socket to the first call.
#include "catch.hpp"
#include "core/link/frames.hpp"
#include "link_handshake.hpp"

#include <string>

using namespace pgcrew::erlang_bridge;
using What = LinkNews::What;

namespace {

LinkDriver fresh() { return {peer::options(), *NodeName::parse(peer::node), peer::cookie}; }

std::string whole_stream(std::string_view leader) {
    return peer::packet(peer::named_status()) + peer::packet(peer::challenge_body()) +
           peer::packet(peer::ack_body(42)) + std::string(4, '\0') +
           peer::spawn_reply(peer::first_call, peer::process(1)) +
           peer::answer(peer::first_call, peer::process(1), "return", leader);
}

} // namespace

TEST_CASE("[erl-D2] a link comes up however the peer's bytes are split", "[link]") {
    const std::string stream = whole_stream(peer::pid_term(peer::process(50)));
    for (std::size_t step = 1; step <= stream.size(); ++step) {
        LinkDriver driver = fresh();
        for (std::size_t at = 0; at < stream.size(); at += step) {
            CHECK(driver.link.state() == LinkState::Handshake);
            driver.receive(std::string_view(stream).substr(at, step));
        }
        const auto reports = driver.take_reports();
        REQUIRE(reports.size() == 1);
        CHECK(reports[0].what == What::Up);
        CHECK(driver.link.state() == LinkState::Up);
        CHECK(driver.link.handshake().own_name() == peer::given_name);
    }
}

TEST_CASE("a link that is not up takes no calls", "[link]") {
    LinkDriver driver = fresh();
    CHECK(driver.link.call({"m", "f", "j"}, never, 0).refused == Cause::NotConnected);
    CHECK(driver.link.send("p", "m", 0) == Cause::NotConnected);
}

TEST_CASE("processes are led by the peer's user, or by one that is gone", "[link]") {
    for (const auto &[answer, leader] : {std::pair{peer::pid_term(peer::process(50)), 50U},
                                         std::pair{peer::atom("undefined"), 1U}}) {
        LinkDriver driver = fresh();
        driver.receive(whole_stream(answer));
        driver.written();
        const RequestId id = driver.link.call({"m", "f", "j"}, never, 0).id;
        CHECK(driver.written() ==
              call_frame(peer::us(), id, peer::pid_term(peer::process(leader)), {"m", "f", "j"}));
    }
}

TEST_CASE("[erl-F9] a group leader that is no whole pid ends the link", "[link]") {
    const std::string pid = peer::pid_term(peer::process(50));
    LinkDriver driver = fresh();
    driver.receive(whole_stream(pid.substr(0, pid.size() - 1)));
    const auto reports = driver.take_reports();
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].cause == Cause::ProtocolError);
}

TEST_CASE("a process without a link is no way to make calls", "[link]") {
    LinkDriver driver = fresh();
    driver.receive(peer::packet(peer::named_status()) + peer::packet(peer::challenge_body()) +
                   peer::packet(peer::ack_body(42)) +
                   peer::spawn_reply(peer::first_call, peer::process(1), 0));
    CHECK(driver.link.state() == LinkState::Up);
    CHECK(driver.link.calls_by_rex());
}

TEST_CASE("[erl-A5] a handshake that fails closes the link with its cause", "[link]") {
    const auto cause_after = [](const std::string &bytes) {
        LinkDriver driver = fresh();
        driver.receive(bytes);
        driver.end();
        const auto reports = driver.take_reports();
        REQUIRE(reports.size() == 1);
        CHECK(reports[0].what == What::Closed);
        CHECK(driver.link.state() == LinkState::Down);
        return reports[0].cause;
    };
    const std::string begun = peer::packet(peer::named_status());
    CHECK(cause_after("") == Cause::Closed);
    CHECK(cause_after(peer::packet("snot_allowed")) == Cause::NotAllowed);
    CHECK(cause_after(peer::packet("salive")) == Cause::NameInUse);
    CHECK(cause_after(begun + peer::packet(peer::challenge_body("x@y"))) == Cause::WrongPeer);
    CHECK(cause_after(begun + peer::packet(peer::challenge_body())) == Cause::CookieRejected);
    CHECK(cause_after(begun + peer::packet(peer::challenge_body()) +
                      peer::packet(peer::ack_body(42))) == Cause::Closed);
}

TEST_CASE("a handshake has one deadline, however slowly its bytes drip", "[link]") {
    const std::string stream = whole_stream("j");
    LinkDriver driver = fresh();
    CHECK(driver.link.next_deadline() == seconds(7));
    for (std::size_t i = 0; i < 69; ++i) {
        driver.advance_to(milliseconds(100) * static_cast<Time>(i));
        driver.receive(std::string_view(stream).substr(i, 1));
    }
    CHECK(driver.take_reports().empty());
    driver.advance_to(seconds(7));
    const auto reports = driver.take_reports();
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].cause == Cause::Timeout);
}

TEST_CASE("a last word to a peer is still there to be sent", "[link]") {
    LinkOptions named = peer::options();
    named.handshake.own_alive = "pg";
    LinkDriver driver(named, *NodeName::parse(peer::node), peer::cookie);
    driver.written();
    driver.receive(peer::packet("salive"));
    CHECK(driver.written() == peer::packet("sfalse"));
}
