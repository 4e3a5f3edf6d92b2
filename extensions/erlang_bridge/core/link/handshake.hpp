// The handshake of the distribution protocol, version 6 (OTP 23 and later), as the side that
// connects. Packets: ours "N" name, "r" challenge and digest; the peer's "s" status, "N"
// challenge, "a" digest. Written by hand and not by erl_interface because this way it needs no
// blocking socket, tells every cause apart, has a random challenge, checks the peer's name before
// anything is proven to it, and leaves no copy of the cookie.
#pragma once
#include "core/link/cause.hpp"
#include "core/link/cookie.hpp"
#include "core/link/digest.hpp"
#include "core/link/node_name.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pgcrew::erlang_bridge {

struct HandshakeOptions {
    // Our own name. Without an alive part the peer chooses one: then a thousand connections cost
    // it no atoms. The host is what it builds that name with.
    std::string own_alive, own_host = "localhost";
    std::uint32_t creation = 0;   // of this incarnation, if the name is our own; at least 4
    std::uint32_t challenge = 0;  // random
    std::size_t header_bytes = 2; // of a packet's length; 4 within TLS
};

class Handshake {
  public:
    Handshake(const HandshakeOptions &options, const NodeName &peer, Cookie cookie);

    // Takes bytes until the handshake ends one way or the other; returns how many it took, for
    // what follows them are frames already.
    std::size_t on_bytes(std::string_view bytes);
    // The stream ended: what that means at this point.
    Cause on_end() const noexcept;

    std::string take_output() noexcept; // what is to be sent now
    bool done() const noexcept { return step_ == Step::Done; }
    Cause failure() const noexcept { return failure_; }
    bool cookie_held() const noexcept { return !cookie_.bytes().empty(); }

    // What was agreed, once it is done.
    const std::string &own_name() const noexcept { return own_name_; }
    std::uint32_t own_creation() const noexcept { return own_creation_; }
    std::uint64_t peer_flags() const noexcept { return peer_flags_; }
    std::uint32_t peer_creation() const noexcept { return peer_creation_; }

  private:
    enum class Step : std::uint8_t { Status, Challenge, Ack, Done, Failed };

    std::size_t wanted() const noexcept; // bytes of the packet being read, as far as is known
    void on_packet(std::string_view packet);
    void on_status(std::string_view packet);
    void on_named(std::string_view given);
    void on_challenge(std::string_view packet);
    void on_ack(std::string_view packet);
    void fail(Cause cause) noexcept;
    void put_packet(std::string_view packet);

    HandshakeOptions options_;
    std::string peer_, own_name_;
    Cookie cookie_;
    Digest expected_{};
    std::string input_, output_;
    Step step_ = Step::Status;
    Cause failure_ = Cause::None;
    std::uint32_t own_creation_ = 0, peer_creation_ = 0;
    std::uint64_t peer_flags_ = 0;
};

// Whether a peer with these capabilities can be talked to.
bool peer_is_able(std::uint64_t flags) noexcept;

} // namespace pgcrew::erlang_bridge
