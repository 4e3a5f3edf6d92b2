// Attempts to connect to a node: refusals, and when the next one is due.
#include "scripted_node.hpp"

#include <stdexcept>

using namespace pgcrew::erlang_bridge;
using What = ConnectionNews::What;

namespace {

const RealNode &server() {
    static const RealNode node("attempted");
    return node;
}

NodeConnectionOptions options_for(const RealNode &node) {
    return ConnectionDriver::options_for(node.name, private_epmd());
}

} // namespace

TEST_CASE("[erl-A5] a real node rejects a wrong cookie", "[real]") {
    ConnectionDriver driver(options_for(server()), "wrong");
    CHECK(driver.failure() == Cause::CookieRejected);
}

TEST_CASE("a cookie that cannot be had ends the attempt and is told to the owner", "[real]") {
    NodeConnection connection(
        options_for(server()), []() -> Cookie { throw std::runtime_error("no key"); }, real_now());
    REQUIRE(connection.want(real_now()));
    const auto drive = [&] {
        const Time give_up = real_now() + long_enough;
        while (connection.fd() >= 0 && real_now() < give_up) {
            poll(nullptr, 0, 1);
            connection.on_ready(true, true, real_now());
        }
    };
    CHECK_THROWS_WITH(drive(), "no key");
    CHECK(connection.state() == LinkState::Backoff);
    CHECK(connection.fd() == -1);
    const auto news = connection.next_event(real_now());
    REQUIRE(news);
    CHECK(news->what == What::AttemptFailed);
    CHECK_FALSE(connection.next_event(real_now()));
}

TEST_CASE("[erl-F8] a node of another name is left", "[real]") {
    TcpPeer epmd; // says that the node `srv` is where another one listens
    ConnectionDriver driver(
        ConnectionDriver::options_for(*NodeName::parse("srv@127.0.0.1"), epmd.port));
    CHECK(driver.failure([&] { ScriptedNode::tell(epmd, server().port); }) == Cause::WrongPeer);
}

TEST_CASE("[erl-E1] attempts wait longer and longer, until a node is there", "[real]") {
    auto options =
        ConnectionDriver::options_for(*NodeName::parse("late@127.0.0.1"), private_epmd());
    options.backoff = {milliseconds(20), milliseconds(80), 2};
    options.breaker.failures = 0;
    ConnectionDriver driver(options);
    for (const Time longest : {20, 40, 80, 80}) {
        CHECK(driver.failure() == Cause::NotRegistered);
        CHECK(driver.connection.state() == LinkState::Backoff);
        const Time retry_at = driver.connection.retry_at();
        const Time wait = retry_at - driver.connection.since();
        CHECK(wait >= milliseconds(longest) / 2);
        CHECK(wait <= milliseconds(longest));
        CHECK_FALSE(driver.connection.want(retry_at - 1));
        while (real_now() < retry_at)
            poll(nullptr, 0, 1);
    }
    const RealNode late("late");
    driver.come_up();
    CHECK(driver.connection.last_cause() == Cause::NotRegistered);
}

TEST_CASE("[erl-E3] the circuit opens, tries once and closes", "[real]") {
    auto options =
        ConnectionDriver::options_for(*NodeName::parse("broken@127.0.0.1"), private_epmd());
    options.backoff = {1, 1, 1};
    options.breaker = {3, seconds(60), milliseconds(50)};
    ConnectionDriver driver(options);
    const auto wait = [&] {
        while (real_now() < driver.connection.retry_at())
            poll(nullptr, 0, 1);
    };
    for (int i = 0; i < 3; ++i) {
        CHECK(driver.connection.breaker(real_now()) == BreakerState::Closed);
        driver.failure();
        if (i < 2)
            wait();
    }
    CHECK(driver.connection.state() == LinkState::OpenCircuit);
    CHECK(driver.connection.breaker(driver.connection.since()) == BreakerState::Open);
    CHECK_FALSE(driver.connection.want(driver.connection.retry_at() - 1));
    wait();
    CHECK(driver.connection.breaker(real_now()) == BreakerState::HalfOpen);
    driver.failure(); // of the trial
    CHECK(driver.connection.state() == LinkState::OpenCircuit);
    const RealNode node("broken");
    wait();
    driver.come_up();
    CHECK(driver.connection.breaker(real_now()) == BreakerState::Closed);
}

TEST_CASE("what waits for an attempt may be left", "[real]") {
    auto options =
        ConnectionDriver::options_for(*NodeName::parse("none@127.0.0.1"), private_epmd());
    options.backoff = {seconds(60), seconds(60), 1};
    ConnectionDriver driver(options);
    driver.failure();
    CHECK_FALSE(driver.connection.want(real_now()));
    if (GENERATE(true, false))
        driver.connection.disconnect(real_now());
    else
        driver.connection.drain(real_now());
    CHECK(driver.connection.state() == LinkState::Down);
    driver.collect();
    CHECK(driver.reports.empty());
    CHECK(driver.connection.want(real_now()));
}
