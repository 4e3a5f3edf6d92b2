#include "core/link/link_state.hpp"

#include <array>

namespace pgcrew::erlang_bridge {
namespace {

using S = LinkState;
constexpr std::optional<S> none = std::nullopt;

// clang-format off
constexpr std::array<std::array<std::optional<S>, link_event_count>, link_state_count> table{{
    //               Wanted        Resolved       Connected     Accepted Retired      Failed      Tripped         Closed
    /* Down */      {S::Resolving, none,          none,         none,    none,        none,       none,           none},
    /* Resolving */ {none,         S::Connecting, none,         none,    none,        S::Backoff, S::OpenCircuit, S::Down},
    /* Connecting */{none,         none,          S::Handshake, none,    none,        S::Backoff, S::OpenCircuit, S::Down},
    /* Handshake */ {none,         none,          none,         S::Up,   none,        S::Backoff, S::OpenCircuit, S::Down},
    /* Up */        {none,         none,          none,         none,    S::Draining, S::Backoff, S::OpenCircuit, S::Down},
    /* Draining */  {none,         none,          none,         none,    none,        S::Backoff, S::OpenCircuit, S::Down},
    /* Backoff */   {S::Resolving, none,          none,         none,    none,        none,       none,           S::Down},
    /* OpenCircuit*/{S::Resolving, none,          none,         none,    none,        none,       none,           S::Down},
}};
// clang-format on

} // namespace

const char *name(LinkState state) noexcept {
    switch (state) {
    case S::Down:
        return "down";
    case S::Resolving:
        return "resolving";
    case S::Connecting:
        return "connecting";
    case S::Handshake:
        return "handshake";
    case S::Up:
        return "up";
    case S::Draining:
        return "draining";
    case S::Backoff:
        return "backoff";
    case S::OpenCircuit:
        return "open-circuit";
    }
    return "unknown";
}

std::optional<LinkState> next_state(LinkState from, LinkEvent event) noexcept {
    return table.at(static_cast<std::size_t>(from)).at(static_cast<std::size_t>(event));
}

} // namespace pgcrew::erlang_bridge
