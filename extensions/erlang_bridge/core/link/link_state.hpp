// The states of the connection to a node and, as one pure table, what leads from one to another.
//
//   down -> resolving -> connecting -> handshake -> up -> draining -> down
//
// A failure on the way up, and the loss of a connection, lead to backoff or, once there were too
// many, to open-circuit; from both the way begins anew when its time has come, or ends in down if
// nobody wants the node any more.
#pragma once
#include <cstdint>
#include <optional>

namespace pgcrew::erlang_bridge {

enum class LinkState : std::uint8_t {
    Down,
    Resolving, // host look-up and epmd
    Connecting,
    Handshake,
    Up,
    Draining, // no new requests, those in flight finish
    Backoff,
    OpenCircuit
};
inline constexpr int link_state_count = static_cast<int>(LinkState::OpenCircuit) + 1;

enum class LinkEvent : std::uint8_t {
    Wanted,    // somebody asks for the node, or the wait is over
    Resolved,  // address and port are known
    Connected, // the socket is
    Accepted,  // the handshake is done
    Retired,   // too old, idle or to be disconnected: begin to drain
    Failed,    // on the way up, or lost afterwards; try again later
    Tripped,   // as Failed, and once too often
    Closed     // on purpose, or nobody wants it
};
inline constexpr int link_event_count = static_cast<int>(LinkEvent::Closed) + 1;

// The word users see.
const char *name(LinkState state) noexcept;

// Where an event leads; empty if it cannot happen in that state.
std::optional<LinkState> next_state(LinkState from, LinkEvent event) noexcept;

} // namespace pgcrew::erlang_bridge
