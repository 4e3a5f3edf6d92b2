// The connection to a node against real ones.
#include "connection_driver.hpp"

#include <map>

using namespace pgcrew::erlang_bridge;
using What = ConnectionNews::What;

namespace {

const RealNode &server() {
    static const RealNode node("connected");
    return node;
}

NodeConnectionOptions options_for(const RealNode &node) {
    return ConnectionDriver::options_for(node.name, private_epmd());
}

// Until the socket says that the peer has closed; the connection is told nothing.
void wait_for_end(const NodeConnection &connection) {
    pollfd state{connection.fd(), POLLRDHUP, 0};
    REQUIRE(poll(&state, 1, 60000) == 1);
}

} // namespace

TEST_CASE("a node is connected, called and left", "[real]") {
    ConnectionDriver driver(server());
    NodeConnection &connection = driver.connection;
    CHECK(connection.state() == LinkState::Down);
    CHECK(connection.fd() == -1);
    CHECK(connection.link() == nullptr);
    CHECK(connection.next_deadline() == never);
    const Time begun = real_now();
    driver.come_up();
    CHECK(connection.since() >= begun);
    CHECK(connection.link() != nullptr);
    CHECK_FALSE(connection.want(real_now()));

    const ConnectionReport got = driver.call("erlang", "node", {});
    CHECK(got.cause == Cause::None);
    CHECK(got.value == atom_of("connected@127.0.0.1"));
    const ConnectionReport thrown = driver.call("erlang", "error", {atom_of("oops")});
    CHECK(thrown.cause == Cause::RemoteError);
    CHECK(thrown.stack.substr(0, 1) == "l");

    const std::uint64_t in = connection.counters().bytes_in;
    CHECK(in > 0);
    connection.disconnect(real_now());
    CHECK(connection.fd() == -1);
    CHECK(connection.link() == nullptr);
    const ConnectionReport end = driver.next_report();
    CHECK(end.what == What::Lost);
    CHECK(end.cause == Cause::Disconnected);
    CHECK(connection.state() == LinkState::Down);
    CHECK(connection.last_cause() == Cause::None);
    CHECK(connection.counters().bytes_in == in);

    driver.come_up();
    CHECK(connection.counters().bytes_in > in);
}

TEST_CASE("each socket has a generation of its own", "[real]") {
    ConnectionDriver driver(server());
    std::vector<std::pair<std::uint32_t, int>> seen; // epmd, node; twice
    for (int i = 0; i < 2; ++i) {
        REQUIRE(driver.connection.want(real_now()));
        driver.run_until([&] {
            const std::pair now{driver.connection.generation(), driver.connection.fd()};
            if (seen.empty() || seen.back() != now)
                seen.push_back(now);
            return !driver.reports.empty();
        });
        driver.connection.disconnect(real_now());
        CHECK(driver.connection.generation() == 0);
        driver.collect();
        driver.reports.clear();
    }
    REQUIRE(seen.size() == 4);
    for (std::size_t i = 1; i < seen.size(); ++i)
        CHECK(seen[i].first > seen[i - 1].first);
    CHECK(seen[0].second == seen[2].second); // or the number alone would have shown it
}

TEST_CASE("own names have a new creation with each connection", "[real]") {
    auto options = options_for(server());
    options.link.handshake.own_alive = "pg";
    options.link.handshake.own_host = "127.0.0.1";
    std::vector<std::uint32_t> creations;
    ConnectionDriver driver(options);
    for (int i = 0; i < 2; ++i) {
        driver.run_until([&] { // the node may still know us from the time before
            if (driver.connection.state() != LinkState::Up)
                driver.connection.want(real_now());
            return driver.connection.state() == LinkState::Up;
        });
        creations.push_back(driver.connection.link()->handshake().own_creation());
        driver.connection.disconnect(real_now());
    }
    CHECK(creations[0] != creations[1]);
    CHECK(creations[0] >= 4);
}

TEST_CASE("[erl-E2] a node that is killed during calls leaves their outcome unknown", "[real]") {
    const RealNode node("killed2");
    ConnectionDriver driver(node);
    driver.come_up();
    std::vector<RequestId> calls;
    for (int i = 0; i < 3; ++i)
        calls.push_back(driver.begin("timer", "sleep", {atom_of("infinity")}));
    driver.call("erlang", "node", {});
    node.signal(SIGKILL);
    for (const RequestId id : calls) {
        const ConnectionReport call = driver.next_report();
        CHECK(call.what == What::Finished);
        CHECK(call.request == id);
        CHECK(call.cause == Cause::OutcomeUnknown);
        CHECK_FALSE(call.unsent);
    }
    const ConnectionReport end = driver.next_report();
    CHECK(end.what == What::Lost);
    CHECK(end.cause == Cause::Closed);
    CHECK(driver.connection.last_cause() == Cause::Closed);
    CHECK(driver.connection.state() == LinkState::Backoff);
    CHECK(driver.connection.fd() == -1);
}

TEST_CASE("[erl-E2] a call of a connection that died meanwhile is unsent", "[real]") {
    const RealNode node("died");
    ConnectionDriver driver(node);
    driver.come_up();
    node.signal(SIGKILL);
    wait_for_end(driver.connection);
    const std::uint64_t out = driver.connection.counters().bytes_out;
    const RequestId id = driver.begin("erlang", "node", {});
    driver.connection.flush(real_now());
    driver.collect();
    REQUIRE(driver.reports.size() == 2);
    CHECK(driver.reports[0].request == id);
    CHECK(driver.reports[0].unsent);
    CHECK(driver.reports[0].cause == Cause::Closed);
    CHECK(driver.reports[1].what == What::Lost);
    CHECK(driver.connection.counters().bytes_out == out);
    CHECK(driver.connection.fd() == -1);
}

TEST_CASE("[erl-D3] calls in flight finish before a drained connection closes", "[real]") {
    ConnectionDriver driver(server());
    driver.come_up();
    const RequestId id = driver.begin("timer", "sleep", {integer_of(100)});
    driver.connection.drain(real_now());
    CHECK(driver.connection.state() == LinkState::Draining);
    CHECK_FALSE(driver.connection.want(real_now()));
    Link *link = driver.connection.link();
    REQUIRE(link != nullptr);
    CHECK(link->call({"erlang", "node", "j"}, never, real_now()).refused == Cause::NotConnected);
    driver.connection.flush(real_now());
    const ConnectionReport call = driver.next_report();
    CHECK(call.request == id);
    CHECK(call.cause == Cause::None);
    CHECK(call.value == atom_of("ok"));
    const ConnectionReport end = driver.next_report();
    CHECK(end.what == What::Lost);
    CHECK(end.cause == Cause::Disconnected);
    CHECK(driver.connection.state() == LinkState::Down);
    CHECK(driver.connection.want(real_now()));
}

TEST_CASE("[erl-D3] an idle connection retires, and is not a failure", "[real]") {
    auto options = options_for(server());
    options.link.idle_timeout = seconds(2);
    ConnectionDriver driver(options);
    driver.come_up();
    const ConnectionReport end = driver.next_report();
    CHECK(end.what == What::Lost);
    CHECK(end.cause == Cause::Disconnected);
    CHECK(driver.connection.state() == LinkState::Down);
}

TEST_CASE("[erl-A3] a disconnect ends the calls in flight at once", "[real]") {
    ConnectionDriver driver(server());
    driver.come_up();
    const RequestId id = driver.begin("timer", "sleep", {atom_of("infinity")});
    driver.connection.flush(real_now());
    driver.connection.disconnect(real_now());
    driver.collect();
    REQUIRE(driver.reports.size() == 2);
    CHECK(driver.reports[0].request == id);
    CHECK(driver.reports[0].cause == Cause::Disconnected);
    CHECK(driver.reports[1].what == What::Lost);
}

TEST_CASE("a node's 20 MB come and go", "[real]") {
    ConnectionDriver driver(server());
    driver.come_up();
    TermWriter big;
    big.binary(std::string(20000000, 'x'));
    const ConnectionReport got = driver.call("lists", "last", {list_of({big.bytes()})});
    CHECK(got.cause == Cause::None);
    CHECK((got.value == big.bytes()));
}

TEST_CASE("many calls at a time are all answered, each with its own value", "[real]") {
    ConnectionDriver driver(server());
    driver.come_up();
    std::map<RequestId, std::int64_t> asked;
    for (int i = 0; i < 5000; ++i)
        asked[driver.begin("erlang", "abs", {integer_of(-i)})] = i;
    driver.connection.flush(real_now());
    for (int i = 0; i < 5000; ++i) {
        const ConnectionReport got = driver.next_report();
        const auto found = asked.find(got.request);
        REQUIRE(found != asked.end());
        REQUIRE(as_integer(got.value) == found->second);
        asked.erase(found);
    }
    CHECK(asked.empty());
}
