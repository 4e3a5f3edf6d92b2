// What a frame of the peer says: the control messages of the distribution protocol.
#pragma once
#include "core/etf/visitor.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace pgcrew::erlang_bridge {

// A frame of the peer. Terms are raw, without their version byte; those at the end of the frame
// reach to its end and are not checked: whoever decodes them does that.
struct ControlMessage {
    enum class Kind : std::uint8_t { Link, Send, Exit, SpawnReply, UnlinkId, Other };
    Kind kind = Kind::Other;
    Pid from{}, to{};
    Reference request{};         // SpawnReply
    bool linked = false;         // SpawnReply: the new process is linked to the one that asked
    Pid spawned{};               // SpawnReply: the new process, if there is one
    std::uint64_t unlink_id = 0; // UnlinkId
    std::string_view term; // Exit: the reason; Send: the message; SpawnReply: why there is none
};

class ControlReader {
  public:
    // Throws pgcrew::Error for what no node would send. The views hold as long as the frame, and
    // until the next call.
    ControlMessage read(std::string_view frame);

  private:
    std::string from_, to_, spawned_; // texts of nodes that had to be converted
};

} // namespace pgcrew::erlang_bridge
