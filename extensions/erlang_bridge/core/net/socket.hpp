// A TCP socket that never waits, and is closed with its owner.
#pragma once
#include "core/link/time.hpp"
#include "core/net/address.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace pgcrew::erlang_bridge {

class Socket {
  public:
    Socket() noexcept = default; // none
    // Begins to connect; error() says later, or at once, how that went. Bytes that the peer does
    // not acknowledge within `patience` break the connection.
    Socket(const Address &address, std::uint16_t port, Time patience);
    Socket(Socket &&other) noexcept;
    Socket &operator=(Socket &&other) noexcept;
    ~Socket();

    int fd() const noexcept { return fd_; }                   // -1: none
    std::uint32_t serial() const noexcept { return serial_; } // never the same twice; 0: none
    // 0 if it is connected, EINPROGRESS if that takes longer, otherwise the errno of why it is not.
    int error() noexcept;

    struct Moved {
        std::size_t bytes; // 0: nothing goes at the moment, or `ended`
        bool ended;        // by the peer or an error
    };
    Moved read(std::span<char> room) noexcept;
    Moved write(std::span<const std::string_view> parts) noexcept; // the first 64 of them
    // Whether the peer has closed; what it sent before that may still have to be read.
    bool peer_closed() const noexcept;
    bool has_unread() const noexcept;

  private:
    int fd_ = -1, error_ = 0;
    std::uint32_t serial_ = 0;
};

} // namespace pgcrew::erlang_bridge
