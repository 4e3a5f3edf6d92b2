// Ticks, silence, age and idleness of a link under a clock set by hand.
#include "catch.hpp"
#include "link_handshake.hpp"

#include <string>

using namespace pgcrew::erlang_bridge;
using peer::UpLink;
using What = LinkNews::What;

namespace {

const std::string tick(4, '\0');

LinkOptions ticking(Time tick_time) {
    LinkOptions options = peer::options();
    options.tick_time = tick_time;
    return options;
}

} // namespace

TEST_CASE("[erl-D4] a link that has nothing to say ticks at each quarter of the tick time",
          "[link]") {
    UpLink up(ticking(seconds(60)));
    for (int minute = 0; minute < 10; ++minute) {
        const Time begin = up.now;
        CHECK(up.link.next_deadline() == begin + seconds(15));
        up.advance_to(begin + seconds(15) - 1);
        CHECK(up.written().empty());
        up.advance_to(begin + seconds(15));
        CHECK(up.written() == tick);
        up.receive(tick);
        CHECK(up.written() == tick);
    }
    CHECK(up.take_reports().empty());
}

TEST_CASE("a link that just sent something has no need to tick", "[link]") {
    UpLink up(ticking(seconds(60)));
    up.advance_to(seconds(10));
    up.begun(7);
    up.advance_to(seconds(15));
    CHECK(up.written().empty());
    up.advance_to(seconds(25));
    CHECK(up.written() == tick);
}

TEST_CASE("a peer that does not read is ticked once, and the link does not spin", "[link]") {
    UpLink up(ticking(seconds(60)));
    for (int i = 1; i < 20; ++i) {
        up.advance_to(seconds(15) * i);
        up.receive(peer::frame(peer::control(1, 99, [](TermWriter &) {}).substr(4)));
        CHECK(up.link.next_deadline() > up.now);
        CHECK(up.link.output_bytes() == 4);
    }
}

TEST_CASE("[erl-D4] a tick is answered at a boundary of what is being sent", "[link]") {
    UpLink up;
    const RequestId id = up.begin();
    const std::string call =
        call_frame(peer::us(), id, peer::pid_term(peer::process(50)), {"m", "f", "j"});
    const std::string begin = up.written(7);
    up.receive(tick);
    CHECK(begin + up.written() == call + tick);
}

TEST_CASE("a peer that ticks for ever is answered with one tick at a time", "[link]") {
    UpLink up;
    up.receive(std::string(40000, '\0'));
    CHECK(up.link.output_bytes() == 4);
    CHECK(up.link.state() == LinkState::Up);
}

TEST_CASE("[erl-D5] a silent peer is given up after the tick time, and so are its calls",
          "[link]") {
    UpLink up(ticking(seconds(8)));
    up.advance_to(seconds(1));
    const RequestId id = up.begun(7); // the last that is heard of the peer
    up.advance_to(seconds(9) - 1);
    CHECK(up.take_reports().empty());
    CHECK(up.link.next_deadline() <= seconds(9));
    up.advance_to(seconds(9));
    const auto reports = up.take_reports();
    REQUIRE(reports.size() == 2);
    CHECK(reports[0].request == id);
    CHECK(reports[0].cause == Cause::OutcomeUnknown);
    CHECK(reports[1].what == What::Closed);
    CHECK(reports[1].cause == Cause::Silent);
}

TEST_CASE("any byte is a sign of life, also the parts of a long frame", "[link]") {
    UpLink up(ticking(seconds(8)));
    const RequestId id = up.begun(7);
    const std::string answer = peer::answer(id, peer::process(7), "return", peer::atom("v"));
    for (std::size_t i = 0; i < answer.size(); ++i) {
        up.advance_to(up.now + seconds(7));
        up.written();
        up.receive(answer.substr(i, 1));
    }
    const auto reports = up.take_reports();
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].value == peer::atom("v"));
}

TEST_CASE("[erl-D3] a link that nobody used for long closes", "[link]") {
    LinkOptions options = ticking(seconds(1000));
    options.idle_timeout = seconds(60);
    UpLink up(options);
    const RequestId id = up.begun(7);
    up.advance_to(seconds(100)); // a call that lasts is use
    CHECK(up.link.state() == LinkState::Up);
    up.receive(peer::answer(id, peer::process(7), "return", "j"));
    up.take_reports();
    up.advance_to(seconds(159));
    REQUIRE(up.link.cast({"m", "f", "j"}, up.now) == Cause::None);
    up.written();
    CHECK(up.link.next_deadline() == seconds(219));
    up.advance_to(seconds(219) - 1);
    CHECK(up.link.state() == LinkState::Up);
    up.advance_to(seconds(219));
    CHECK(up.link.state() == LinkState::Down);
    CHECK(up.take_reports().at(0).cause == Cause::Disconnected);
}

TEST_CASE("[erl-D3] a link of the maximum age drains", "[link]") {
    LinkOptions options = ticking(seconds(1000));
    options.max_age = seconds(100);
    UpLink up(options);
    up.advance_to(seconds(50));
    CHECK(up.link.next_deadline() == seconds(100));
    const RequestId id = up.begun(7);
    up.advance_to(seconds(100));
    CHECK(up.link.state() == LinkState::Draining);
    CHECK(up.link.next_deadline() > seconds(100));
    up.receive(peer::answer(id, peer::process(7), "return", "j"));
    CHECK(up.link.state() == LinkState::Down);
    CHECK(up.take_reports().size() == 2);
}
