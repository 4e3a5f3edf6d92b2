// How a call ended, read from what the peer sent.
#pragma once
#include "core/link/cause.hpp"
#include "core/link/identity.hpp"

#include <cstdint>
#include <string_view>

namespace pgcrew::erlang_bridge {

// Terms are raw and unchecked up to the one that decides, without a version byte.
struct Outcome {
    Cause cause = Cause::None;
    std::string_view value; // what was returned or thrown, or the reason
    std::string_view stack; // of an error
};

// From the exit reason of the process that ran the call of that number.
Outcome outcome_of_exit(std::string_view reason, const Identity &self, std::uint64_t number);

// From the message of a peer's rex server.
Outcome outcome_of_rex(std::string_view message);

} // namespace pgcrew::erlang_bridge
