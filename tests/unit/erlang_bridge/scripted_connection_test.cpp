// The connection to a node that does what real ones do rarely, or never.
#include "scripted_node.hpp"

using namespace pgcrew::erlang_bridge;
using What = ConnectionNews::What;

namespace {

const std::string tick(4, '\0');

void wait_for_end(const NodeConnection &connection) {
    pollfd state{connection.fd(), POLLRDHUP, 0};
    REQUIRE(poll(&state, 1, 60000) == 1);
}

RequestId begin(ConnectionDriver &driver) { return driver.begin("m", "f", {}); }

} // namespace

TEST_CASE("a handshake has what is left of the time of the attempt") {
    ScriptedNode node;
    node.answers = false;
    auto options = node.options();
    options.connect_timeout = seconds(3);
    options.link.handshake_timeout = seconds(60);
    ConnectionDriver driver(options, peer::cookie);
    const Time begun = real_now();
    REQUIRE(driver.connection.want(begun));
    const ConnectionReport report = driver.next_report([&] {
        if (real_now() - begun > milliseconds(200)) // epmd takes its time, too
            node.pump();
        if (driver.connection.state() == LinkState::Handshake)
            CHECK(driver.connection.next_deadline() == begun + seconds(3));
    });
    CHECK(report.cause == Cause::Timeout);
    CHECK(node.socket.accepted == 1);
    CHECK(real_now() - begun >= seconds(3));
}

TEST_CASE("a node that closes during the handshake") {
    ScriptedNode node;
    node.answers = false;
    ConnectionDriver driver(node.options(), peer::cookie);
    const bool politely = GENERATE(true, false);
    CHECK(driver.failure([&] {
        node.pump();
        if (node.socket.received.empty())
            return;
        if (politely)
            node.socket.hang_up();
        else
            node.socket.reset();
    }) == Cause::Closed);
}

TEST_CASE("what a node said before it closed is heard") {
    ScriptedNode node;
    node.answers = false;
    ConnectionDriver driver(node.options(), peer::cookie);
    CHECK(driver.failure([&] {
        node.pump();
        if (node.socket.received.empty())
            return;
        node.socket.say(peer::packet("snot_allowed"));
        node.socket.hang_up();
    }) == Cause::NotAllowed);
}

TEST_CASE("a node that says it is connected already hears that the new connection goes") {
    ScriptedNode node;
    node.answers = false;
    auto options = node.options();
    options.link.handshake.own_alive = "pg";
    ConnectionDriver driver(options, peer::cookie);
    bool said = false;
    CHECK(driver.failure([&] {
        node.pump();
        if (!node.socket.received.empty() && !said)
            node.socket.say(peer::packet("salive"));
        said = said || !node.socket.received.empty();
    }) == Cause::NameInUse);
    driver.run_until([&] {
        node.pump();
        return node.socket.received.ends_with(peer::packet("sfalse"));
    });
}

TEST_CASE("[erl-E2] the end behind unread bytes is noticed before a call is sent") {
    ScriptedNode node;
    ConnectionDriver driver(node.options(), peer::cookie);
    node.accept(driver);
    node.socket.say(tick);
    node.socket.hang_up();
    wait_for_end(driver.connection);
    const std::uint64_t out = driver.connection.counters().bytes_out;
    const RequestId id = begin(driver);
    driver.connection.flush(real_now());
    const ConnectionReport call = driver.next_report();
    CHECK(call.request == id);
    CHECK(call.unsent);
    CHECK(call.cause == Cause::Closed);
    CHECK(driver.next_report().what == What::Lost);
    CHECK(driver.connection.counters().bytes_out == out);
}

TEST_CASE("[erl-E2] answers that came before the end count, the next call is unsent") {
    ScriptedNode node;
    ConnectionDriver driver(node.options(), peer::cookie);
    node.accept(driver);
    const RequestId first = begin(driver), second = begin(driver);
    driver.connection.flush(real_now());
    node.pump(); // or its end would be a reset, and the answer lost
    node.answer(first, 7, atom_of("done"));
    node.socket.hang_up();
    wait_for_end(driver.connection);
    const RequestId third = begin(driver);
    driver.connection.flush(real_now());

    ConnectionReport call = driver.next_report();
    CHECK(call.request == first);
    CHECK(call.cause == Cause::None);
    CHECK(call.value == atom_of("done"));
    call = driver.next_report();
    CHECK(call.request == second);
    CHECK(call.cause == Cause::OutcomeUnknown);
    CHECK_FALSE(call.unsent);
    call = driver.next_report();
    CHECK(call.request == third);
    CHECK(call.unsent);
    CHECK(driver.next_report().what == What::Lost);
}

TEST_CASE("a connection that is reset while we write") {
    ScriptedNode node;
    ConnectionDriver driver(node.options(), peer::cookie);
    node.accept(driver);
    const RequestId id = begin(driver);
    driver.connection.flush(real_now());
    driver.run_until([&] {
        node.pump();
        return !node.socket.received.empty();
    });
    node.socket.reset();
    const ConnectionReport call = driver.next_report();
    CHECK(call.request == id);
    CHECK(call.cause == Cause::OutcomeUnknown);
    CHECK(driver.next_report().cause == Cause::Closed);
    CHECK(driver.connection.state() == LinkState::Backoff);
}

TEST_CASE("the value of the last answer outlives the connection") {
    ScriptedNode node;
    ConnectionDriver driver(node.options(), peer::cookie);
    NodeConnection &connection = driver.connection;
    node.accept(driver);
    const RequestId id = begin(driver);
    connection.flush(real_now());
    connection.drain(real_now());
    node.answer(id, 7, atom_of("last"));
    std::optional<ConnectionNews> answer;
    const Time give_up = real_now() + long_enough;
    while (!answer && real_now() < give_up) {
        connection.on_ready(true, true, real_now());
        answer = connection.next_event(real_now());
    }
    REQUIRE(answer);
    const auto end = connection.next_event(real_now());
    REQUIRE(end);
    CHECK(end->what == What::Lost);
    CHECK(connection.state() == LinkState::Down);
    CHECK_FALSE(connection.next_event(real_now()));
    CHECK(answer->value == atom_of("last"));
}

TEST_CASE("[erl-F9] a node that breaks the protocol is left") {
    ScriptedNode node;
    ConnectionDriver driver(node.options(), peer::cookie);
    node.accept(driver);
    const RequestId id = begin(driver);
    driver.connection.flush(real_now());
    node.socket.say(peer::frame("nonsense"));
    const ConnectionReport call = driver.next_report();
    CHECK(call.request == id);
    CHECK(call.cause == Cause::ProtocolError);
    const ConnectionReport end = driver.next_report();
    CHECK(end.what == What::Lost);
    CHECK(end.cause == Cause::ProtocolError);
    CHECK(driver.connection.state() == LinkState::Backoff);

    // It is not held against the next connection.
    const Time retry_at = driver.connection.retry_at();
    while (real_now() < retry_at)
        poll(nullptr, 0, 1);
    node.socket.hang_up();
    node.accept(driver);
}

TEST_CASE("[erl-D4] ticks are answered, and sent when there is nothing else") {
    ScriptedNode node;
    auto options = node.options();
    const bool asked = GENERATE(true, false);
    if (!asked)
        options.link.tick_time = seconds(4);
    ConnectionDriver driver(options, peer::cookie);
    node.accept(driver);
    if (asked)
        node.socket.say(tick);
    driver.run_until([&] {
        node.pump();
        return !node.socket.received.empty();
    });
    CHECK(node.socket.received == tick);
}

TEST_CASE("[erl-D5] a node that says nothing for the tick time is left") {
    ScriptedNode node;
    auto options = node.options();
    options.link.tick_time = seconds(2);
    ConnectionDriver driver(options, peer::cookie);
    node.accept(driver);
    SECTION("with its calls") {
        const RequestId id = begin(driver);
        driver.connection.flush(real_now());
        const ConnectionReport call = driver.next_report([&] { node.pump(); });
        CHECK(call.request == id);
        CHECK(call.cause == Cause::OutcomeUnknown);
        CHECK(driver.next_report().cause == Cause::Silent);
    }
    SECTION("unless it was us who did not listen") {
        node.socket.say(tick);
        const Time late = real_now() + seconds(60);
        driver.connection.on_deadline(late);
        driver.collect();
        CHECK(driver.reports.empty());
        CHECK(driver.connection.state() == LinkState::Up);
    }
}

TEST_CASE("a node that does not read delays nobody") {
    ScriptedNode node;
    auto options = node.options();
    options.link.max_output = std::size_t{32} << 20U;
    ConnectionDriver driver(options, peer::cookie);
    node.accept(driver);
    TermWriter big;
    big.binary(std::string(std::size_t{1} << 20U, 'x'));
    const std::string arguments = list_of({big.bytes()});
    Cause refused = Cause::None;
    for (int i = 0; i < 1000 && refused == Cause::None; ++i) {
        refused = driver.connection.link()->call({"m", "f", arguments}, never, real_now()).refused;
        driver.connection.flush(real_now());
    }
    CHECK(refused == Cause::LimitReached);
    CHECK(driver.connection.wants_write());
    CHECK(driver.connection.state() == LinkState::Up);
}
