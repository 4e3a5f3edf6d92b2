// Sleeping on the latch and on the sockets of connections. The set of the server is built anew when
// there are other sockets, and kept while only what is wanted of them changes.
#pragma once
#include "core/net/node_connection.hpp"
#include "pgcrew/guards.hpp"

#include <cstdint>
#include <vector>

extern "C" {
#include <storage/latch.h>
}

namespace pgcrew::erlang_bridge {

class SocketSet : NoCopy {
  public:
    ~SocketSet() { close(); }

    // What is wanted from now on; connections without a socket, or who want nothing, are left out.
    void begin() noexcept { wanted_.clear(); }
    void want(NodeConnection &connection, void *owner);

    // Until something happens or the timeout is over: calls ready(owner, readable, writable) for
    // each. False if nothing had happened. Soon: it looks for a moment before it sleeps, for to be
    // woken takes longer than most answers. Many: it lets them gather for a moment, for to read
    // each by itself costs both sides more than the answer.
    enum class Expected : std::uint8_t { Late, Soon, Many };
    template <class Ready>
    bool wait(Time timeout, Expected expected, uint32 wait_event, Ready ready) {
        WaitEvent happened[most_events];
        const int count = sleep(timeout, expected, happened, wait_event);
        for (int i = 0; i < count; ++i)
            if (happened[i].pos >= own_events)
                ready(watched_[static_cast<std::size_t>(happened[i].pos - own_events)].owner,
                      (happened[i].events & WL_SOCKET_READABLE) != 0,
                      (happened[i].events & WL_SOCKET_WRITEABLE) != 0);
        return count > 0;
    }
    void close() noexcept;

  private:
    static constexpr int own_events = 2; // the latch, the postmaster
    static constexpr int most_events = 32;

    struct Watched {
        void *owner;
        std::uint32_t generation;
        uint32 events;
        int fd;
    };
    int sleep(Time timeout, Expected expected, WaitEvent *happened, uint32 wait_event);
    void build();

    WaitEventSet *set_ = nullptr;
    std::vector<Watched> wanted_, watched_;
};

} // namespace pgcrew::erlang_bridge
