// A link whose peer means harm, or is broken.
#include "catch.hpp"
#include "link_handshake.hpp"

#include <random>
#include <string>

using namespace pgcrew::erlang_bridge;
using peer::process;
using peer::UpLink;
using What = LinkNews::What;

namespace {

Cause closed_by(const std::string &bytes, const LinkOptions &options = peer::options()) {
    UpLink up(options);
    up.receive(bytes);
    const auto reports = up.take_reports();
    return reports.empty() ? Cause::None : reports.back().cause;
}

std::string link_to(RequestId id) {
    return peer::control(3, 1, [id](TermWriter &out) {
        out.pid(process(3));
        out.pid(peer::us().pid(id));
    });
}

} // namespace

TEST_CASE("[erl-F9] a frame too long is refused as soon as its length is there", "[link]") {
    for (const char *length : {"\x7F\xFF\xFF\xFF", "\xFF\xFF\xFF\xFF", "\x80\0\0\0"})
        CHECK(closed_by(std::string(length, 4)) == Cause::LimitReached);
}

TEST_CASE("[erl-B8] an answer beyond the limit fails its own call, and passes by", "[link]") {
    LinkOptions options = peer::options();
    options.max_frame = 10000;
    options.max_skipped = 100000;
    for (const std::size_t step : {1U, 1000U, 65536U}) {
        UpLink up(options);
        const RequestId large = up.begun(7), small = up.begun(8);
        std::string bytes = peer::exit(process(7), peer::us().pid(large), std::string(50000, 'j')) +
                            peer::exit(process(8), peer::us().pid(small), "j");
        for (std::string_view rest = bytes; !rest.empty();
             rest.remove_prefix(std::min(step, rest.size())))
            up.receive(rest.substr(0, step));
        const auto reports = up.take_reports();
        REQUIRE(reports.size() == 2);
        CHECK(reports[0].request == large);
        CHECK(reports[0].cause == Cause::LimitReached);
        CHECK(reports[1].request == small);
        CHECK(up.link.state() == LinkState::Up);
    }
    const auto beginning = [](std::size_t size) {
        return peer::frame(std::string(size, 'p')).substr(0, 5000);
    };
    CHECK(closed_by(beginning(50000), options) == Cause::ProtocolError);
    CHECK(closed_by(beginning(200000), options) == Cause::LimitReached);
}

TEST_CASE("[erl-F9] a frame that is no control message closes the connection", "[link]") {
    for (const char *bad : {"x", "p", "p\x83", "p\x83\x68\x03\x61\x03", "\x83\x44\x01"})
        CHECK(closed_by(peer::frame(bad)) == Cause::ProtocolError);
}

TEST_CASE("[erl-F9] an answer whose terms are cut off costs its own call only", "[link]") {
    UpLink up;
    const RequestId id = up.begun(7), other = up.begun(8);
    up.receive(peer::exit(process(7), peer::us().pid(id), "h\x04Z\0\3"));
    auto reports = up.take_reports();
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].request == id);
    CHECK(reports[0].cause != Cause::None);
    up.receive(peer::answer(other, process(8), "return", "j"));
    CHECK(up.take_reports().size() == 1);
}

TEST_CASE("[erl-F9] control messages of the future are passed over", "[link]") {
    UpLink up;
    for (int operation = 37; operation < 300; ++operation)
        up.receive(peer::control(1, operation, [](TermWriter &) {}));
    CHECK(up.link.state() == LinkState::Up);
    CHECK(up.link.counters().dropped == 263);
}

TEST_CASE("[erl-F9] a call is answered once", "[link]") {
    UpLink up;
    const RequestId id = up.begun(7);
    up.receive(peer::spawn_reply(id, process(9))); // the first reply counts
    up.receive(peer::answer(id, process(9), "return", peer::atom("wrong")));
    CHECK(up.take_reports().empty());
    up.receive(peer::answer(id, process(7), "return", peer::atom("right")));
    up.receive(peer::answer(id, process(7), "return", peer::atom("again")));
    up.receive(peer::spawn_reply(id, process(9)));
    const auto reports = up.take_reports();
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].value == peer::atom("right"));
    CHECK(up.written().empty());
}

TEST_CASE("[erl-F9] answers to other pids reach nobody", "[link]") {
    UpLink up;
    const RequestId id = up.begun(7);
    const Identity stranger("x@y", peer::given_creation);
    const Identity former(peer::given_name, peer::given_creation + 1);
    const std::string value = peer::outcome(id, "return", "j");
    for (const Pid &to : {stranger.pid(id), former.pid(id), peer::us().pid(id + 1),
                          peer::us().pid(0), process(static_cast<std::uint32_t>(id))})
        up.receive(peer::exit(process(7), to, value));
    up.receive(peer::exit(process(8), peer::us().pid(id), value)); // by another process
    up.receive(peer::message(id, peer::atom("hello")));
    CHECK(up.take_reports().empty());
    CHECK(up.link.waiting() == 1);
}

TEST_CASE("[erl-F9] an answer before the process is known reaches nobody", "[link]") {
    UpLink up;
    const RequestId id = up.begin();
    up.receive(peer::answer(id, process(7), "return", "j"));
    CHECK(up.take_reports().empty());
    CHECK(up.link.waiting() == 1);
}

TEST_CASE("a process that is not linked to its call is killed and the call fails", "[link]") {
    UpLink up;
    const RequestId id = up.begin();
    up.written();
    up.receive(peer::spawn_reply(id, process(7), 0));
    const auto reports = up.take_reports();
    REQUIRE(reports.size() == 1);
    CHECK(reports[0].cause == Cause::ProtocolError);
    CHECK(up.written() == kill_frame(peer::us(), id, peer::pid_term(process(7))));
}

TEST_CASE("who links to a pid of ours that is gone hears so", "[link]") {
    UpLink up;
    const RequestId id = up.begun(7);
    up.receive(link_to(id));
    CHECK(up.written().empty());
    up.receive(link_to(id + 1));
    CHECK(up.written() == no_process_frame(peer::us(), id + 1, peer::pid_term(process(3))));
}

TEST_CASE("the end of a link is acknowledged", "[link]") {
    UpLink up;
    up.receive(peer::control(4, 35, [](TermWriter &out) {
        out.integer(1234567890123);
        out.pid(process(3));
        out.pid(peer::us().pid(5));
    }));
    CHECK(up.written() ==
          unlink_ack_frame(peer::us(), 1234567890123, 5, peer::pid_term(process(3))));
}

TEST_CASE("[erl-F9] a peer that wants answers and never reads does not fill our memory", "[link]") {
    LinkOptions options = peer::options();
    options.max_output = 10000;
    UpLink up(options);
    const RequestId id = up.begun(7);
    std::size_t most = 0;
    for (int i = 0; i < 1000 && up.link.state() == LinkState::Up; ++i) {
        up.receive(link_to(id + 1));
        most = std::max(most, up.link.output_bytes());
    }
    CHECK(up.link.state() == LinkState::Down);
    CHECK(most <= 10000 + 200); // and one answer
    const auto reports = up.take_reports();
    REQUIRE(reports.size() == 2);
    CHECK(reports[0].request == id);
    CHECK(reports[1].cause == Cause::LimitReached);
}

TEST_CASE("a process is killed also when the queue is full", "[link]") {
    LinkOptions options = peer::options();
    options.max_output = 10;
    UpLink up(options);
    const RequestId late = up.begun(7, seconds(1)), waiting = up.begin();
    REQUIRE(up.link.call({"m", "f", "j"}, never, up.now).refused == Cause::LimitReached);
    SECTION("late") { up.advance_to(seconds(1)); }
    SECTION("cancelled") { CHECK(up.link.cancel(late, up.now)); }
    CHECK(up.link.state() == LinkState::Up);
    const std::string kill = kill_frame(peer::us(), late, peer::pid_term(process(7)));
    const std::string out = up.written();
    REQUIRE(out.size() > kill.size());
    CHECK(out.substr(out.size() - kill.size()) == kill);
    CHECK(up.link.waiting() == 1);
    CHECK(up.link.cancel(waiting, up.now));
}

TEST_CASE("[erl-F9] bytes without sense never do more than close a link", "[link]") {
    std::mt19937 random(3);
    for (int round = 0; round < 3000; ++round) {
        UpLink up;
        const RequestId id = up.begun(7);
        std::string stream = peer::spawn_reply(up.begin(), process(8)) +
                             peer::answer(id, process(7), "error", peer::atom("v")) + link_to(99);
        for (int i = 0; i < 3; ++i)
            stream[random() % stream.size()] = static_cast<char>(random());
        for (std::size_t at = 0; at < stream.size();) {
            const std::size_t step = 1 + random() % 60;
            up.receive(std::string_view(stream).substr(at, step));
            at += step;
        }
        up.end();
        const auto reports = up.take_reports();
        REQUIRE(std::count_if(reports.begin(), reports.end(),
                              [id](const Reported &report) { return report.request == id; }) == 1);
        REQUIRE(up.link.state() == LinkState::Down);
    }
}
