// A node as a test plays it, over TCP, and the epmd that knows where it listens.
#pragma once
#include "connection_driver.hpp"
#include "link_handshake.hpp"

namespace pgcrew::erlang_bridge {

class ScriptedNode {
  public:
    const NodeName name = *NodeName::parse("srv@127.0.0.1");
    TcpPeer epmd, socket;
    bool answers = true; // in the handshake

    // As epmd says that the node `srv` is at that port.
    static std::string at_port(std::uint16_t port) {
        std::string answer("\x77\0", 2);
        append_number(answer, port);
        return answer.append("M\0\0\6\0\5\0\3srv\0\0", 13);
    }
    static void tell(TcpPeer &epmd, std::uint16_t port) {
        if (epmd.pump() && epmd.received.size() >= 6) {
            epmd.say(at_port(port));
            epmd.hang_up();
        }
    }
    NodeConnectionOptions options() const { return ConnectionDriver::options_for(name, epmd.port); }

    // Plays what comes before the first call; then it only reads.
    void pump() {
        tell(epmd, socket.port);
        if (!socket.pump() || !answers)
            return;
        if (step_ == 0 && take_packet('N')) {
            socket.say(peer::packet(peer::named_status()));
            socket.say(peer::packet(peer::challenge_body(name.full())));
        } else if (step_ == 1 && take_packet('r')) {
            socket.say(peer::packet(peer::ack_body(challenge_, peer::cookie)));
        } else if (step_ == 2 && socket.received.size() > 4) {
            const Pid helper = peer::process(1);
            socket.say(peer::spawn_reply(peer::first_call, helper));
            socket.say(peer::answer(peer::first_call, helper, "return",
                                    peer::pid_term(peer::process(50))));
            ++step_;
        }
    }
    void accept(ConnectionDriver &driver) {
        step_ = 0;
        REQUIRE(driver.connection.want(real_now()));
        REQUIRE(driver.next_report([&] { pump(); }).what == ConnectionNews::What::Up);
        socket.received.clear();
    }
    void answer(RequestId call, std::uint32_t by, std::string_view term) const {
        socket.say(peer::spawn_reply(call, peer::process(by)));
        socket.say(peer::answer(call, peer::process(by), "return", term));
    }

  private:
    bool take_packet(char kind) {
        std::string &in = socket.received;
        if (in.size() < 7 || in.size() < 2 + std::size_t{number_at<std::uint16_t>(in)})
            return false;
        CHECK(in[2] == kind);
        challenge_ = number_at<std::uint32_t>(std::string_view(in).substr(3));
        in.erase(0, 2 + std::size_t{number_at<std::uint16_t>(in)});
        ++step_;
        return true;
    }
    int step_ = 0;
    std::uint32_t challenge_ = 0; // in the packet "r"
};

} // namespace pgcrew::erlang_bridge
