// The frames that we send: each is a whole one, its length included. Pids of the peer are raw
// terms, as are messages and arguments; none has a version byte.
#pragma once
#include "core/link/identity.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace pgcrew::erlang_bridge {

struct FunctionCall {
    std::string_view module, function;
    std::string_view arguments; // a list
};

// Runs the call in a new process of the peer, linked to the pid of that number, and has its outcome
// in the reason of that process's exit: {Reference, return | throw | exit, Term} or
// {Reference, error, Reason, Stack}.
std::string call_frame(const Identity &self, std::uint64_t number, std::string_view group_leader,
                       const FunctionCall &call);
// The same without a link and without an outcome.
std::string cast_frame(const Identity &self, std::uint64_t number, std::string_view group_leader,
                       const FunctionCall &call);
// The call by the server that every node has for older ones; answers {rex, Term}.
std::string rex_call_frame(const Identity &self, std::uint64_t number, const FunctionCall &call);
std::string rex_cast_frame(const Identity &self, std::uint64_t number, const FunctionCall &call);

std::string send_frame(std::string_view to, std::string_view message);
std::string send_to_name_frame(const Identity &self, std::uint64_t number, std::string_view name,
                               std::string_view message);
std::string kill_frame(const Identity &self, std::uint64_t number, std::string_view to);
std::string no_process_frame(const Identity &self, std::uint64_t number, std::string_view to);
std::string unlink_ack_frame(const Identity &self, std::uint64_t unlink_id, std::uint64_t number,
                             std::string_view to);

} // namespace pgcrew::erlang_bridge
