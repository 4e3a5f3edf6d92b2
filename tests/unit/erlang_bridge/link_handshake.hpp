// A link that a scripted peer has let in.
#pragma once
#include "link_driver.hpp"
#include "scripted_peer.hpp"

namespace pgcrew::erlang_bridge::peer {

inline LinkOptions options() {
    LinkOptions options;
    options.handshake.own_host = "pg.example";
    options.handshake.challenge = 42;
    return options;
}

inline constexpr std::uint64_t first_call = 1; // of a link: it asks for the group leader

struct UpLink : LinkDriver {
    explicit UpLink(const LinkOptions &o = options(), bool by_rex = false)
        : LinkDriver(o, *NodeName::parse(node), cookie) {
        receive(packet(named_status()));
        receive(packet(challenge_body()));
        receive(packet(ack_body(42)));
        written();
        if (by_rex) {
            receive(spawn_refused(first_call, "notsup"));
        } else {
            receive(spawn_reply(first_call, process(1)));
            receive(answer(first_call, process(1), "return", pid_term(process(50))));
        }
        take_reports();
    }
    RequestId begin(Time deadline = never) { return link.call({"m", "f", "j"}, deadline, now).id; }
    // A call that the peer has begun, by a process of that number.
    RequestId begun(std::uint32_t by, Time deadline = never) {
        const RequestId id = begin(deadline);
        written();
        receive(spawn_reply(id, process(by)));
        return id;
    }
};

} // namespace pgcrew::erlang_bridge::peer
