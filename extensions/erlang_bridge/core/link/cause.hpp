// Why a connection, a look-up or a request did not end well: a closed list, and the one place
// that gives each cause its words and its SQLSTATE. The words never hold data of a peer or a user.
#pragma once
#include "pgcrew/sqlstate.hpp"

#include <cstdint>

namespace pgcrew::erlang_bridge {

enum class Cause : std::uint8_t {
    None,
    // no connection came to be
    HostUnknown,
    EpmdUnreachable,
    EpmdInvalid, // what listens there does not speak epmd's protocol, or closed too early
    NotRegistered,
    ConnectionRefused,
    CookieUnavailable, // ours cannot be opened
    CookieRejected,
    NameInUse,
    NotAllowed,
    AddressDenied, // by our own setting
    WrongPeer,
    CircuitOpen,
    // a connection ended
    Closed,       // by the peer or the network
    Silent,       // nothing came for the tick time
    Disconnected, // by us
    ProtocolError,
    // a request ended
    NotConnected,
    OutcomeUnknown, // the connection ended when the request may have been on its way
    Timeout,
    Canceled,
    LimitReached,
    RemoteThrow,
    RemoteExit,
    RemoteError,
    RemoteDied, // the remote process was ended from outside
};
inline constexpr int cause_count = static_cast<int>(Cause::RemoteDied) + 1;

const char *text(Cause cause) noexcept; // in the style of the server's messages
SqlState sqlstate(Cause cause) noexcept;

// The request ended because its connection did, and nobody wanted that: it may be tried again if it
// was not sent or does no harm twice.
bool connection_lost(Cause cause) noexcept;

} // namespace pgcrew::erlang_bridge
