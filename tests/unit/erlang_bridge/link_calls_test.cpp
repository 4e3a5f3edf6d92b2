// Calls on a link whose peer follows a script.
#include "catch.hpp"
#include "core/link/frames.hpp"
#include "link_handshake.hpp"

#include <algorithm>
#include <string>

using namespace pgcrew::erlang_bridge;
using peer::process;
using peer::UpLink;
using What = LinkNews::What;

namespace {

std::string kill_of(RequestId id, std::uint32_t by) {
    return kill_frame(peer::us(), id, peer::pid_term(process(by)));
}

std::string expected_call(RequestId id) {
    return call_frame(peer::us(), id, peer::pid_term(process(50)), {"m", "f", "j"});
}

} // namespace

TEST_CASE("a call is answered by the exit of its process", "[link]") {
    UpLink up;
    const RequestId id = up.begin();
    CHECK(up.written() == expected_call(id));
    up.receive(peer::spawn_reply(id, process(7)));
    CHECK(up.take_reports().empty());
    up.receive(peer::answer(id, process(7), "return", peer::atom("v")));
    const auto reports = up.take_reports();
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].what == What::Finished);
    CHECK(reports[0].cause == Cause::None);
    CHECK(reports[0].request == id);
    CHECK(reports[0].value == peer::atom("v"));
    CHECK(up.link.waiting() == 0);
}

TEST_CASE("answers come to their calls in any order and any split", "[link]") {
    std::string stream;
    {
        UpLink model;
        const RequestId first = model.begin(), second = model.begin();
        stream = peer::spawn_reply(first, process(7)) + std::string(4, '\0') +
                 peer::spawn_reply(second, process(8)) +
                 peer::answer(second, process(8), "throw", peer::atom("two")) +
                 peer::answer(first, process(7), "return", peer::atom("one"));
    }
    for (std::size_t step = 1; step <= stream.size(); ++step) {
        UpLink up;
        const RequestId first = up.begin(), second = up.begin();
        for (std::size_t at = 0; at < stream.size(); at += step)
            up.receive(std::string_view(stream).substr(at, step));
        const auto reports = up.take_reports();
        REQUIRE(reports.size() == 2);
        CHECK(reports[0].request == second);
        CHECK(reports[0].cause == Cause::RemoteThrow);
        CHECK(reports[0].value == peer::atom("two"));
        CHECK(reports[1].request == first);
        CHECK(reports[1].value == peer::atom("one"));
    }
}

TEST_CASE("frames go out whole whatever the socket takes at once", "[link]") {
    for (std::size_t step = 1; step < 50; ++step) {
        UpLink up;
        const RequestId first = up.begin(), second = up.begin();
        const std::string expected = expected_call(first) + expected_call(second);
        std::string out;
        for (std::string part; !(part = up.written(step)).empty();)
            out += part;
        CHECK(out == expected);
    }
}

TEST_CASE("a call that was cancelled is not heard of again, and its process is killed", "[link]") {
    UpLink up;
    SECTION("its process is known") {
        const RequestId id = up.begun(7);
        CHECK(up.link.cancel(id, up.now));
        CHECK(up.written() == kill_of(id, 7));
        up.receive(peer::exit(process(7), peer::us().pid(id), peer::atom("killed")));
        CHECK_FALSE(up.link.cancel(id, up.now));
    }
    SECTION("its process is not known yet") {
        const RequestId id = up.begin();
        up.written();
        CHECK(up.link.cancel(id, up.now));
        CHECK(up.written().empty());
        CHECK(up.link.waiting() == 0);
        CHECK_FALSE(up.link.cancel(id, up.now));
        up.receive(peer::spawn_reply(id, process(7)));
        CHECK(up.written() == kill_of(id, 7));
        up.receive(peer::answer(id, process(7), "return", "j"));
    }
    SECTION("only a part of its frame is out") {
        const RequestId id = up.begin();
        const std::string part = up.written(10);
        CHECK(up.link.cancel(id, up.now));
        CHECK(part + up.written() == expected_call(id));
        up.receive(peer::spawn_reply(id, process(7)));
        CHECK(up.written() == kill_of(id, 7));
    }
    SECTION("nothing of it is out") {
        const RequestId id = up.begin();
        CHECK(up.link.cancel(id, up.now));
        CHECK(up.written().empty());
    }
    SECTION("the answer is on its way") {
        const RequestId id = up.begun(7);
        up.link.cancel(id, up.now);
        up.receive(peer::answer(id, process(7), "return", "j"));
    }
    CHECK(up.take_reports().empty());
    CHECK(up.link.state() == LinkState::Up);
    CHECK(up.link.waiting() == 0);
}

TEST_CASE("a call that is late is over, and its process is killed", "[link]") {
    UpLink up;
    const RequestId late = up.begun(7, seconds(5)), later = up.begin(seconds(6));
    const RequestId patient = up.begun(8);
    CHECK(up.link.next_deadline() == seconds(5));
    up.advance_to(seconds(5) - 1);
    CHECK(up.take_reports().empty());
    up.advance_to(seconds(5));
    auto reports = up.take_reports();
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].request == late);
    CHECK(reports[0].cause == Cause::Timeout);
    CHECK_FALSE(reports[0].unsent);
    CHECK(up.written() == kill_of(late, 7));

    const RequestId unsent = up.begin(seconds(6));
    up.advance_to(seconds(6));
    reports = up.take_reports();
    REQUIRE(reports.size() == 2);
    CHECK(reports[0].request == later);
    CHECK_FALSE(reports[0].unsent);
    CHECK(reports[1].request == unsent);
    CHECK(reports[1].unsent);
    CHECK(up.written().empty());
    up.receive(peer::answer(patient, process(8), "return", "j"));
    CHECK(up.take_reports().size() == 1);
}

TEST_CASE("a refused spawn fails its call", "[link]") {
    UpLink up;
    const RequestId id = up.begin();
    up.receive(peer::spawn_refused(id, "system_limit"));
    const auto reports = up.take_reports();
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].cause == Cause::RemoteError);
    CHECK(reports[0].value == peer::atom("system_limit"));
}

TEST_CASE("[erl-E2] when the connection is lost a call is unsent or its outcome unknown",
          "[link]") {
    UpLink up;
    const RequestId sent = up.begun(7), half = up.begin();
    up.written(20);
    const RequestId unsent = up.begin();
    SECTION("by the peer") {
        up.end();
        const auto reports = up.take_reports();
        REQUIRE(reports.size() == 4);
        CHECK(reports[0].request == sent);
        CHECK(reports[0].cause == Cause::OutcomeUnknown);
        CHECK(reports[1].request == half);
        CHECK(reports[1].cause == Cause::OutcomeUnknown);
        CHECK_FALSE(reports[1].unsent);
        CHECK(reports[2].request == unsent);
        CHECK(reports[2].cause == Cause::Closed);
        CHECK(reports[2].unsent);
        CHECK(reports[3].what == What::Closed);
        CHECK(reports[3].cause == Cause::Closed);
    }
    SECTION("by us") { // [erl-A3]
        up.link.close();
        const auto reports = up.take_reports();
        REQUIRE(reports.size() == 4);
        for (const Reported &report : reports)
            CHECK(report.cause == Cause::Disconnected);
    }
    CHECK(up.link.state() == LinkState::Down);
    CHECK(up.written().empty());
    CHECK(up.link.call({"m", "f", "j"}, never, up.now).refused == Cause::NotConnected);
    CHECK(up.link.next_deadline() == never);
}

TEST_CASE("a link that drains lets calls in flight finish and takes no new ones", "[link]") {
    UpLink up;
    const RequestId id = up.begun(7);
    up.link.drain();
    CHECK(up.link.state() == LinkState::Draining);
    CHECK(up.link.call({"m", "f", "j"}, never, up.now).refused == Cause::NotConnected);
    CHECK(up.link.cast({"m", "f", "j"}, up.now) == Cause::NotConnected);
    CHECK(up.take_reports().empty());
    up.receive(peer::answer(id, process(7), "return", "j"));
    const auto reports = up.take_reports();
    REQUIRE(reports.size() == 2);
    CHECK(reports[0].cause == Cause::None);
    CHECK(reports[1].what == What::Closed);
    CHECK(reports[1].cause == Cause::Disconnected);
}

TEST_CASE("a link that drains sends what is queued first", "[link]") {
    UpLink up;
    REQUIRE(up.link.cast({"m", "f", "j"}, up.now) == Cause::None);
    up.link.drain();
    CHECK(up.take_reports().empty());
    CHECK_FALSE(up.written().empty());
    CHECK(up.take_reports().size() == 1);
    CHECK(up.link.state() == LinkState::Down);
}

TEST_CASE("[erl-C3] there is a limit of calls in flight and of bytes to send", "[link]") {
    LinkOptions options = peer::options();
    options.max_requests = 2;
    options.max_output = 1000;
    UpLink up(options);
    const RequestId first = up.begun(7);
    up.begin();
    CHECK(up.link.call({"m", "f", "j"}, never, up.now).refused == Cause::LimitReached);
    up.receive(peer::answer(first, process(7), "return", "j"));
    const std::string large(1000, 'x');
    CHECK(up.link.call({"m", "f", large}, never, up.now).refused == Cause::LimitReached);
    CHECK(up.link.send_to_name("n", large, up.now) == Cause::LimitReached);
    CHECK(up.link.call({"m", "f", "j"}, never, up.now).refused == Cause::None);
}

TEST_CASE("a function name that is no atom is refused before anything is sent", "[link]") {
    UpLink up;
    CHECK_THROWS_AS(up.link.call({std::string(256, 'm'), "f", "j"}, never, 0), pgcrew::Error);
    CHECK_THROWS_AS(up.link.call({"m", "\xFF", "j"}, never, 0), pgcrew::Error);
    CHECK(up.written().empty());
    CHECK(up.link.waiting() == 0);
}

TEST_CASE("where the peer refuses to spawn, calls go to rex", "[link]") {
    UpLink up(peer::options(), true);
    CHECK(up.link.calls_by_rex());
    const RequestId id = up.begin(), late = up.begin(seconds(1)), cancelled = up.begin();
    CHECK(up.written() == rex_call_frame(peer::us(), id, {"m", "f", "j"}) +
                              rex_call_frame(peer::us(), late, {"m", "f", "j"}) +
                              rex_call_frame(peer::us(), cancelled, {"m", "f", "j"}));
    TermWriter answer;
    answer.tuple(2);
    answer.atom("rex");
    answer.atom("v");
    CHECK(up.link.cancel(cancelled, up.now));
    up.receive(peer::message(cancelled, answer.bytes()));
    up.receive(peer::message(id, answer.bytes()));
    up.advance_to(seconds(1));
    up.receive(peer::message(late, answer.bytes()));
    const auto reports = up.take_reports();
    REQUIRE(reports.size() == 2);
    CHECK(reports[0].request == id);
    CHECK(reports[0].value == peer::atom("v"));
    CHECK(reports[1].cause == Cause::Timeout);
    CHECK(up.link.cast({"m", "f", "j"}, up.now) == Cause::None);
    CHECK(up.written().find("$gen_cast") != std::string::npos);
}
