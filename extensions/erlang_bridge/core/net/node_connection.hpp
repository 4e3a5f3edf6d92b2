// The connection to one node, over attempts, failures and new connections: sockets driven by an
// event loop that belongs to somebody else. Nothing in it waits.
//
// Its owner watches fd() for what is wanted and says on_ready(), calls on_deadline() at
// next_deadline(), and flush() after it has made requests of link(); after each of these, and after
// want(), drain() and disconnect(), it takes next_event() until there is none.
#pragma once
#include "core/link/lifecycle.hpp"
#include "core/link/link.hpp"
#include "core/net/dialer.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace pgcrew::erlang_bridge {

struct NodeConnectionOptions {
    NodeName name;
    std::uint16_t epmd_port = epmd_default_port;
    AddressFilter denied{};
    BackoffOptions backoff{};
    BreakerOptions breaker{};
    // Its challenge, creation and handshake_timeout are chosen anew for each connection.
    LinkOptions link{};
    Time connect_timeout = seconds(7); // for look-up, epmd, connect and handshake together
};

struct ConnectionNews {
    enum class What : std::uint8_t { Up, AttemptFailed, Lost, Finished };
    What what;
    Cause cause = Cause::None; // of all but Up; Disconnected: the owner wanted it, or it retired
    RequestId request = 0;     // of Finished
    bool unsent = false;       // Finished: certainly nothing of the call reached the peer
    // Finished: raw terms, valid until the next call of on_ready(), on_deadline() or want().
    std::string_view value{}, stack{};
};

class NodeConnection {
  public:
    // Asked at the beginning of each handshake, so that no cookie is kept. What it throws ends the
    // attempt and goes on to the caller.
    using CookieSource = std::function<Cookie()>;

    NodeConnection(NodeConnectionOptions options, CookieSource cookie, Time now);
    ~NodeConnection();
    NodeConnection(const NodeConnection &) = delete;
    NodeConnection &operator=(const NodeConnection &) = delete;

    LinkState state() const noexcept { return lifecycle_.state(); }
    BreakerState breaker(Time now) const noexcept { return lifecycle_.breaker(now); }
    // When the state began.
    Time since() const noexcept { return std::max(made_at_, lifecycle_.since()); }
    Time retry_at() const noexcept { return lifecycle_.retry_at(); } // in backoff, open-circuit
    Cause last_cause() const noexcept { return last_cause_; }        // of the last failure
    LinkCounters counters() const noexcept;                          // summed over all connections

    // Begins an attempt; false if this is not the time for one, or there is one, or a connection.
    bool want(Time now);
    void drain(Time now);      // no new requests; disconnects when those in flight are finished
    void disconnect(Time now); // at once; from backoff and open-circuit too

    int fd() const noexcept { return socket().fd(); } // -1: none at the moment
    // Changes whenever fd() becomes another file description, even one with the same number.
    std::uint32_t generation() const noexcept { return socket().serial(); }
    bool wants_read() const noexcept;
    bool wants_write() const noexcept;
    Time next_deadline() const noexcept; // of what is under way; retry_at() is not in it
    // Errors and hang-ups of the socket count as readable. Reads at most some megabytes.
    void on_ready(bool readable, bool writable, Time now);
    void on_deadline(Time now);
    // Writes what goes without waiting. A peer that has closed meanwhile is noticed before that,
    // so that requests made of a dead connection are known to be unsent.
    void flush(Time now);

    std::optional<ConnectionNews> next_event(Time now);

    // While it may be called: Up, and Draining for cancels. Calls need a flush() to go.
    Link *link() noexcept;

  private:
    const Socket &socket() const noexcept { return dialer_ ? dialer_->socket() : socket_; }
    void after_dialing(Time now);
    void begin_handshake(Time now);
    LinkOptions next_link(Time now) const;
    void read(Time now);
    void write(Time now);
    void notice_end(Time now);
    std::optional<ConnectionNews> news_of_link(Time now);
    void settle(Time now);
    void end(Cause cause, Time now);

    const NodeConnectionOptions options_;
    CookieSource cookie_;
    Time made_at_;
    Lifecycle lifecycle_;
    Cause last_cause_ = Cause::None;
    Time attempt_deadline_ = 0;
    std::optional<Dialer> dialer_;       // until the socket is connected
    Socket socket_;                      // from then on
    std::unique_ptr<Link> link_, ended_; // news may still show what the ended one had read
    std::optional<ConnectionNews> read_; // what the last read brought first
    std::deque<ConnectionNews> news_;    // without terms
    LinkCounters counters_;              // of former connections
};

} // namespace pgcrew::erlang_bridge
