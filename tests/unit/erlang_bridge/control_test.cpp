#include "catch.hpp"
#include "core/link/control.hpp"
#include "pgcrew/error.hpp"
#include "scripted_peer.hpp"

#include <string>

using namespace pgcrew::erlang_bridge;
using namespace std::string_literals;
using Kind = ControlMessage::Kind;

namespace {

// What a frame says that was given with its length.
ControlMessage read(const std::string &frame) {
    static ControlReader reader;
    return reader.read(std::string_view(frame).substr(4));
}

std::string token() { // of a trace
    TermWriter out;
    out.tuple(1);
    out.atom("trace");
    return out.take();
}

} // namespace

TEST_CASE("the exit of a process has two pids and a reason", "[link]") {
    const std::string frame = peer::exit(peer::process(3), peer::us().pid(9), peer::atom("why"));
    const ControlMessage got = read(frame);
    CHECK(got.kind == Kind::Exit);
    CHECK(got.from.node == peer::node);
    CHECK(got.from.id == 3);
    CHECK(got.from.raw == peer::pid_term(peer::process(3)));
    CHECK(peer::us().number_of(got.to) == 9);
    CHECK(got.term == peer::atom("why"));
}

TEST_CASE("messages of a traced process have a token in them", "[link]") {
    const std::string exit = peer::control(5, 13, [](TermWriter &out) {
        out.pid(peer::process(3));
        out.pid(peer::us().pid(9));
        out.raw(token());
        out.atom("why");
    });
    CHECK(read(exit).kind == Kind::Exit);
    CHECK(read(exit).term == peer::atom("why"));

    const std::string reply = peer::control(6, 32, [](TermWriter &out) {
        out.reference(peer::us().reference(9));
        out.pid(peer::us().pid(9));
        out.integer(1);
        out.pid(peer::process(3));
        out.raw(token());
    });
    CHECK(read(reply).kind == Kind::SpawnReply);
    CHECK(read(reply).linked);
    CHECK(read(reply).spawned.id == 3);

    std::string send = peer::control(4, 12, [](TermWriter &out) {
        out.atom("");
        out.pid(peer::us().pid(9));
        out.raw(token());
    });
    send = peer::frame(send.substr(4) + "\x83" + peer::atom("hello"));
    CHECK(read(send).kind == Kind::Send);
    CHECK(read(send).term == peer::atom("hello"));
}

TEST_CASE("the reply to a spawn names the process or says why there is none", "[link]") {
    const std::string good = peer::spawn_reply(9, peer::process(3));
    CHECK(read(good).kind == Kind::SpawnReply);
    CHECK(read(good).linked);
    CHECK(peer::us().number_of(read(good).request) == 9);
    CHECK(read(good).spawned.raw == peer::pid_term(peer::process(3)));
    CHECK_FALSE(read(peer::spawn_reply(9, peer::process(3), 2)).linked);

    const std::string refused = peer::spawn_refused(9, "notsup");
    CHECK(read(refused).spawned.raw.empty());
    CHECK(read(refused).term == peer::atom("notsup"));
}

TEST_CASE("links and their ends are read", "[link]") {
    const std::string link = peer::control(3, 1, [](TermWriter &out) {
        out.pid(peer::process(3));
        out.pid(peer::us().pid(9));
    });
    CHECK(read(link).kind == Kind::Link);
    for (const std::int64_t id :
         {0LL, 255LL, 256LL, 0x7FFFFFFFLL, 0x80000000LL, 0x7FFFFFFFFFFFFFFFLL}) {
        const std::string unlink = peer::control(4, 35, [id](TermWriter &out) {
            out.integer(id);
            out.pid(peer::process(3));
            out.pid(peer::us().pid(9));
        });
        CHECK(read(unlink).kind == Kind::UnlinkId);
        CHECK(read(unlink).unlink_id == static_cast<std::uint64_t>(id));
    }
}

TEST_CASE("a control message that we know nothing of is told from nonsense", "[link]") {
    for (const int operation : {0, 4, 19, 21, 99, 100000})
        CHECK(read(peer::control(1, operation, [](TermWriter &) {})).kind == Kind::Other);
}

TEST_CASE("what is no control message is refused", "[link]") {
    const auto element = [](auto write) { return [write](TermWriter &out) { write(out); }; };
    const auto two_atoms = element([](TermWriter &out) {
        out.atom("a");
        out.atom("b");
    });
    const auto negative = element([](TermWriter &out) {
        out.integer(-1);
        out.pid(peer::process(3));
        out.pid(peer::us().pid(9));
    });
    for (const std::string &bad :
         {peer::frame("q"), peer::frame("p"), peer::frame("p\x83"), peer::frame("p\x83j"),
          peer::frame("p\x83h"), peer::frame("p\x83h\x01"), peer::frame("p\x82h\x01\x61\x01"),
          peer::frame("p\x83h\x01\x77\x01x"), peer::frame("\x83\x44\x01\x02"),
          peer::control(3, 1, two_atoms), peer::control(3, 2, two_atoms),
          peer::control(2, 1, [](TermWriter &) {}), peer::control(1, 3, [](TermWriter &) {}),
          peer::control(9, 31, [](TermWriter &) {}), peer::control(4, 35, negative),
          peer::control(1, -1, [](TermWriter &) {})})
        CHECK_THROWS_AS(read(bad), pgcrew::Error);
}

TEST_CASE("a control message that is cut off anywhere is refused", "[link]") {
    const std::string reason = peer::atom("why");
    for (const std::string &whole :
         {peer::spawn_reply(9, peer::process(3)), peer::spawn_refused(9, "notsup"),
          peer::message(9, "j"), peer::exit(peer::process(3), peer::us().pid(9), "")}) {
        const std::string body = whole.substr(4);
        const std::size_t needed = body.size() - (read(whole).kind == Kind::Send ? 1 : 0);
        for (std::size_t size = 0; size < needed; ++size)
            CHECK_THROWS_AS(read(peer::frame(body.substr(0, size))), pgcrew::Error);
    }
}

TEST_CASE("numbers in pids and references come back", "[link]") {
    const Identity &us = peer::us();
    for (const std::uint64_t number :
         {std::uint64_t{1}, std::uint64_t{0x0FFFFFFF}, std::uint64_t{0x10000000},
          std::uint64_t{1} << 40U, (std::uint64_t{1} << 60U) - 1}) {
        CHECK(us.number_of(us.pid(number)) == number);
        CHECK(us.number_of(us.reference(number)) == number);
    }
    const Identity other(peer::given_name, peer::given_creation + 1);
    CHECK(us.number_of(other.pid(1)) == 0);
    CHECK(us.number_of(other.reference(1)) == 0);
    CHECK(us.number_of(peer::process(1)) == 0);
    Pid large = us.pid(1);
    large.id = 0xFFFFFFFF;
    CHECK(us.number_of(large) == 0);
}
