#include "core/link/cause.hpp"

namespace pgcrew::erlang_bridge {
namespace {

struct Meaning {
    const char *text;
    SqlState state;
};

// Codes with a meaning of their own in the standard, in PostgreSQL or in ODBC (HYT00) are taken
// where one says exactly this; the others have a subclass beginning with X, which the standard
// leaves to implementations.
Meaning meaning(Cause cause) noexcept {
    switch (cause) {
    case Cause::None:
        return {"success", SqlState("00000")};
    case Cause::HostUnknown:
        return {"host of the Erlang node is unknown", SqlState("08X01")};
    case Cause::EpmdUnreachable:
        return {"Erlang port mapper (epmd) cannot be reached", SqlState("08X02")};
    case Cause::EpmdInvalid:
        return {"Erlang port mapper (epmd) gave an invalid answer", SqlState("08X03")};
    case Cause::NotRegistered:
        return {"Erlang node is not registered with its port mapper (epmd)", SqlState("08X04")};
    case Cause::ConnectionRefused:
        return {"Erlang node refused the connection", SqlState("08X05")};
    case Cause::CookieUnavailable:
        return {"cookie of the Erlang node cannot be opened", SqlState("55000")};
    case Cause::CookieRejected:
        return {"cookie was rejected", SqlState("08X06")};
    case Cause::NameInUse:
        return {"name of this node is in use at the Erlang node", SqlState("08X07")};
    case Cause::NotAllowed:
        return {"Erlang node does not allow this node to connect", SqlState("08X08")};
    case Cause::AddressDenied:
        return {"address of the Erlang node is denied by erlang_bridge.denied_addresses",
                SqlState("08X13")};
    case Cause::WrongPeer:
        return {"peer is another Erlang node than the one asked for", SqlState("08X09")};
    case Cause::CircuitOpen:
        return {"circuit breaker of the Erlang node is open", SqlState("08X10")};
    case Cause::Closed:
        return {"connection was closed by the Erlang node", SqlState("08X11")};
    case Cause::Silent:
        return {"Erlang node is silent for longer than the tick time", SqlState("08X12")};
    case Cause::Disconnected:
        return {"connection to the Erlang node was closed", SqlState("08006")};
    case Cause::ProtocolError:
        return {"Erlang node violated the distribution protocol", SqlState("08P01")};
    case Cause::NotConnected:
        return {"Erlang node is not connected", SqlState("08003")};
    case Cause::OutcomeUnknown:
        return {"connection to the Erlang node was lost during a call", SqlState("08007")};
    case Cause::Timeout:
        return {"Erlang node did not answer in time", SqlState("HYT00")};
    case Cause::Canceled:
        return {"call to the Erlang node was canceled", SqlState("57014")};
    case Cause::LimitReached:
        return {"limit of the Erlang bridge is reached", SqlState("53400")};
    case Cause::RemoteThrow:
        return {"Erlang function threw a value", SqlState("38X01")};
    case Cause::RemoteExit:
        return {"Erlang function exited", SqlState("38X02")};
    case Cause::RemoteError:
        return {"Erlang function failed", SqlState("38X03")};
    case Cause::RemoteDied:
        return {"Erlang process of the call died", SqlState("38X04")};
    }
    return {"unknown cause", SqlState("XX000")};
}

} // namespace

const char *text(Cause cause) noexcept { return meaning(cause).text; }
SqlState sqlstate(Cause cause) noexcept { return meaning(cause).state; }

bool connection_lost(Cause cause) noexcept {
    return cause == Cause::OutcomeUnknown || cause == Cause::Closed || cause == Cause::Silent ||
           cause == Cause::NotConnected || cause == Cause::ProtocolError;
}

} // namespace pgcrew::erlang_bridge
