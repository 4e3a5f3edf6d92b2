// The ways in which no socket comes to be, each with its cause.
#include "scripted_hosts.hpp"
#include "scripted_node.hpp"

using namespace pgcrew::erlang_bridge;

namespace {

const NodeName &scripted_name() {
    static const NodeName name = *NodeName::parse("srv@127.0.0.1");
    return name;
}

// Takes the question of the connection, and answers it.
void answer_once(TcpPeer &epmd, std::string_view answer) {
    if (epmd.pump() && epmd.received.size() >= 6) {
        CHECK(epmd.received == std::string("\0\4zsrv", 6));
        epmd.say(answer);
        epmd.hang_up();
    }
}

NodeConnectionOptions options_for(const TcpPeer &epmd) {
    return ConnectionDriver::options_for(scripted_name(), epmd.port);
}

AddressFilter denying(const char *ranges) { return *AddressFilter::parse(ranges); }

// Its queue of connections is full, so more of them neither succeed nor fail.
class FullPeer : public TcpPeer {
  public:
    FullPeer() : TcpPeer(0) {
        for (int &fd : fds_) {
            fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            const sockaddr_in address = loopback(port);
            connect(fd, reinterpret_cast<const sockaddr *>(&address), sizeof address);
        }
    }
    ~FullPeer() {
        for (const int fd : fds_)
            close(fd);
    }

  private:
    int fds_[4]{};
};

} // namespace

TEST_CASE("[erl-A5] a host that is unknown") {
    scripted_hosts()["none.test"] = {};
    ConnectionDriver driver(
        ConnectionDriver::options_for(*NodeName::parse("srv@none.test"), free_port()));
    CHECK(driver.failure() == Cause::HostUnknown);
}

TEST_CASE("a look-up that does not end is given up in time") {
    ScriptedHost &host = scripted_hosts()["endless.test"] = {{"127.0.0.1"}, false};
    auto options = ConnectionDriver::options_for(*NodeName::parse("srv@endless.test"), free_port());
    options.connect_timeout = milliseconds(100);
    const Time begun = real_now();
    {
        ConnectionDriver driver(options);
        CHECK(driver.failure() == Cause::Timeout);
        CHECK(real_now() - begun >= milliseconds(100));
        CHECK(real_now() - begun < seconds(5));
    }
    CHECK(host.running == 1);
    host.answered = true;
    const Resolver other("127.0.0.1");
    CHECK(host.running == 0);
}

TEST_CASE("[erl-A5] an epmd that does not listen, or not to us") {
    ConnectionDriver refused(ConnectionDriver::options_for(scripted_name(), free_port()));
    CHECK(refused.failure() == Cause::EpmdUnreachable);

    const FullPeer full;
    auto options = options_for(full);
    options.connect_timeout = milliseconds(200);
    ConnectionDriver unanswered(options);
    CHECK(unanswered.failure() == Cause::EpmdUnreachable);
}

TEST_CASE("[erl-A5] an epmd that is none") {
    TcpPeer epmd;
    ConnectionDriver driver(options_for(epmd));
    const char *said = GENERATE("HTTP/1.1 400 Bad Request\r\n\r\n", "");
    CHECK(driver.failure([&] { answer_once(epmd, said); }) == Cause::EpmdInvalid);
}

TEST_CASE("an epmd that breaks the connection") {
    TcpPeer epmd;
    ConnectionDriver driver(options_for(epmd));
    CHECK(driver.failure([&] {
        if (epmd.pump() && !epmd.received.empty())
            epmd.reset();
    }) == Cause::EpmdInvalid);
}

TEST_CASE("an epmd that never answers is given up in time") {
    TcpPeer epmd;
    auto options = options_for(epmd);
    options.connect_timeout = milliseconds(500);
    ConnectionDriver driver(options);
    const Time begun = real_now();
    CHECK(driver.failure([&] { epmd.pump(); }) == Cause::Timeout);
    CHECK(real_now() - begun >= milliseconds(500));
    CHECK(real_now() - begun < seconds(5));
    CHECK(epmd.accepted == 1);
}

TEST_CASE("an answer of epmd may come in pieces") {
    TcpPeer epmd;
    ConnectionDriver driver(options_for(epmd));
    const std::string answer = ScriptedNode::at_port(free_port());
    std::size_t said = 0;
    CHECK(driver.failure([&] {
        if (said < answer.size() && epmd.pump() && epmd.received.size() == 6)
            epmd.say(answer.substr(said++, 1));
    }) == Cause::ConnectionRefused);
    CHECK(said >= 15); // what follows the name is not waited for
}

TEST_CASE("[erl-A5] a node that a real epmd does not know", "[real]") {
    ConnectionDriver driver(
        ConnectionDriver::options_for(*NodeName::parse("nobody@127.0.0.1"), private_epmd()));
    CHECK(driver.failure() == Cause::NotRegistered);
}

TEST_CASE("[erl-A5] a node that refuses the connection, or does not answer") {
    TcpPeer epmd;
    ConnectionDriver refused(options_for(epmd));
    const std::uint16_t closed = free_port();
    CHECK(refused.failure([&] { answer_once(epmd, ScriptedNode::at_port(closed)); }) ==
          Cause::ConnectionRefused);

    const FullPeer full;
    auto options = options_for(epmd);
    options.connect_timeout = seconds(1);
    ConnectionDriver unanswered(options);
    CHECK(unanswered.failure([&] { answer_once(epmd, ScriptedNode::at_port(full.port)); }) ==
          Cause::Timeout);
}

TEST_CASE("[erl-F5] nothing is sent to a denied address") {
    scripted_hosts()["denied.test"] = {{"127.0.0.1", "::ffff:127.0.0.1"}};
    TcpPeer epmd;
    const char *host = GENERATE("127.0.0.1", "denied.test", "0.0.0.0", "::ffff:127.0.0.1");
    auto options =
        ConnectionDriver::options_for(*NodeName::parse("srv@" + std::string(host)), epmd.port);
    options.denied = denying("127.0.0.0/8");
    ConnectionDriver driver(options);
    CHECK(driver.failure([&] { epmd.pump(); }) == Cause::AddressDenied);
    CHECK(driver.connection.state() == LinkState::Backoff);
    epmd.pump();
    CHECK(epmd.accepted == 0);
}

TEST_CASE("a denied address is passed over for others") {
    scripted_hosts()["half.test"] = {{"127.0.0.2", "127.0.0.1"}};
    TcpPeer epmd; // listens at 127.0.0.1
    auto options = ConnectionDriver::options_for(*NodeName::parse("srv@half.test"), epmd.port);
    options.denied = denying("127.0.0.2");
    ConnectionDriver driver(options);
    const std::string unknown("\x77\1", 2);
    CHECK(driver.failure([&] { answer_once(epmd, unknown); }) == Cause::NotRegistered);
}

TEST_CASE("all addresses of a host are tried") {
    const bool epmd_is_last = GENERATE(true, false);
    scripted_hosts()["many.test"] = {epmd_is_last
                                         ? std::vector<std::string>{"127.0.0.2", "127.0.0.1"}
                                         : std::vector<std::string>{"127.0.0.1", "127.0.0.2"}};
    TcpPeer epmd;
    auto options = ConnectionDriver::options_for(*NodeName::parse("srv@many.test"), epmd.port);
    ConnectionDriver driver(options);
    SECTION("and the cause is what one of them said") {
        const std::string unknown("\x77\1", 2);
        CHECK(driver.failure([&] { answer_once(epmd, unknown); }) == Cause::NotRegistered);
    }
    SECTION("for the node too, which may not be where epmd is") {
        const int node = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        sockaddr_in address = loopback(0);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
        socklen_t size = sizeof address;
        REQUIRE(bind(node, reinterpret_cast<sockaddr *>(&address), size) == 0);
        REQUIRE(listen(node, 1) == 0);
        REQUIRE(getsockname(node, reinterpret_cast<sockaddr *>(&address), &size) == 0);
        REQUIRE(driver.connection.want(real_now()));
        driver.run_until([&] {
            answer_once(epmd, ScriptedNode::at_port(ntohs(address.sin_port)));
            return driver.connection.state() == LinkState::Handshake;
        });
        close(node);
    }
}

TEST_CASE("an address that does not answer leaves time for the next one") {
    scripted_hosts()["slow-first.test"] = {{"127.0.0.1", "127.0.0.2"}};
    TcpPeer silent;
    auto options =
        ConnectionDriver::options_for(*NodeName::parse("srv@slow-first.test"), silent.port);
    options.connect_timeout = seconds(1);
    ConnectionDriver driver(options);
    const Time begun = real_now();
    REQUIRE(driver.connection.want(begun));
    CHECK(driver.connection.next_deadline() == begun + milliseconds(500));
    // At the second address there is nobody, and that says less than that the first was silent.
    CHECK(driver.next_report([&] { silent.pump(); }).cause == Cause::Timeout);
    CHECK(real_now() - begun >= milliseconds(500));
}

TEST_CASE("an attempt may be given up at any step") {
    scripted_hosts()["step.test"] = {{"127.0.0.1"}, true};
    TcpPeer epmd, node;
    const auto begin = [&](ConnectionDriver &driver) {
        REQUIRE(driver.connection.want(real_now()));
    };
    const bool destroyed = GENERATE(true, false);
    const LinkState until = GENERATE(LinkState::Resolving, LinkState::Handshake);
    const int steps = GENERATE(0, 1, 2, 3);
    auto options = ConnectionDriver::options_for(*NodeName::parse("srv@step.test"), epmd.port);
    {
        ConnectionDriver driver(options);
        begin(driver);
        if (until == LinkState::Handshake)
            driver.run_until([&] {
                answer_once(epmd, ScriptedNode::at_port(node.port));
                return driver.connection.state() == until;
            });
        for (int i = 0; i < steps; ++i)
            driver.step();
        if (destroyed)
            return;
        driver.connection.disconnect(real_now());
        const ConnectionReport report = driver.next_report();
        CHECK(report.what == ConnectionDriver::What::AttemptFailed);
        CHECK(report.cause == Cause::Disconnected);
        CHECK(driver.connection.state() == LinkState::Down);
        CHECK(driver.connection.last_cause() == Cause::None);
        CHECK(driver.connection.fd() == -1);
        CHECK(driver.connection.next_deadline() == never);
    }
}
