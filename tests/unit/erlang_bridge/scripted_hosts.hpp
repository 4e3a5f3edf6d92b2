// Hosts that only this test program knows. The look-up of the C library is replaced, for their
// names alone, by one that answers when and what the test says.
#pragma once
#include "core/net/address.hpp"

#include <map>
#include <string>
#include <vector>

namespace pgcrew::erlang_bridge {

struct ScriptedHost {
    std::vector<std::string> addresses;
    bool answered = true; // otherwise its look-ups go on, and cannot be stopped
    int running = 0;      // look-ups, whose memory is in use as long
};

inline std::map<std::string, ScriptedHost> &scripted_hosts() {
    static std::map<std::string, ScriptedHost> hosts;
    return hosts;
}

} // namespace pgcrew::erlang_bridge
