// The way from a node's name to a socket that is connected to it: the addresses of its host, its
// port from the host's epmd, the connection. Addresses are tried in turn, each for its share of the
// time that is left.
#pragma once
#include "core/link/cause.hpp"
#include "core/link/epmd.hpp"
#include "core/link/node_name.hpp"
#include "core/link/time.hpp"
#include "core/net/address_filter.hpp"
#include "core/net/resolver.hpp"
#include "core/net/socket.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pgcrew::erlang_bridge {

struct DialOptions {
    std::uint16_t epmd_port = epmd_default_port;
    AddressFilter denied;
    Time patience = seconds(60); // with bytes that are not acknowledged
};

class Dialer {
  public:
    Dialer(const NodeName &peer, DialOptions options, Time deadline, Time now);

    enum class Stage : std::uint8_t { LookUp, Epmd, Node, Connected, Failed };
    Stage stage() const noexcept { return stage_; }
    Cause cause() const noexcept { return cause_; } // of the failure

    const Socket &socket() const noexcept { return socket_; }
    Socket take_socket() noexcept { return std::move(socket_); } // when it is connected
    bool wants_read() const noexcept { return hears_; }
    bool wants_write() const noexcept { return socket_.fd() >= 0 && !hears_; }
    Time next_deadline() const noexcept { return next_deadline_; }
    void on_ready(Time now);
    void on_deadline(Time now);

  private:
    void look(Time now);
    void begin(Stage stage, Time now);
    void dial(Time now);
    void next_address(Cause why, Time now);
    void on_connected(int error, Time now);
    void ask_and_hear(Time now);
    void on_answer(const EpmdPortQuery::Answer &answer, Time now);
    void fail(Cause cause) noexcept;

    const DialOptions options_;
    const std::string alive_;
    const Time deadline_;
    Time next_deadline_;
    Stage stage_ = Stage::LookUp;
    Cause cause_ = Cause::None;
    Resolver resolver_;
    std::vector<Address> addresses_;
    std::size_t current_ = 0; // the address that is tried
    std::size_t left_ = 0;    // addresses that this stage has not given up
    std::uint16_t port_ = 0;  // of the node
    Socket socket_;
    bool hears_ = false; // epmd was asked
    std::optional<EpmdPortQuery> query_;
};

} // namespace pgcrew::erlang_bridge
