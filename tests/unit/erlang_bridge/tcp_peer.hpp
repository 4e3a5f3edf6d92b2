// The other end of a TCP connection as a test plays it: one listening socket, one connection at a
// time. Nothing waits.
#pragma once
#include "real_node.hpp"

#include <fcntl.h>
#include <string>

namespace pgcrew::erlang_bridge {

class TcpPeer {
  public:
    explicit TcpPeer(int backlog = 8)
        : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_in address = loopback(0);
        socklen_t size = sizeof address;
        REQUIRE(bind(listener_, reinterpret_cast<sockaddr *>(&address), size) == 0);
        REQUIRE(listen(listener_, backlog) == 0);
        REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr *>(&address), &size) == 0);
        port = ntohs(address.sin_port);
    }
    ~TcpPeer() {
        hang_up();
        close(listener_);
    }
    TcpPeer(const TcpPeer &) = delete;
    TcpPeer &operator=(const TcpPeer &) = delete;

    std::uint16_t port = 0;
    std::string received{}; // on the connection of now
    int accepted = 0;       // connections so far

    // Accepts and reads what there is; whether there is a connection.
    bool pump() {
        if (fd_ < 0) {
            fd_ = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (fd_ < 0)
                return false;
            ++accepted;
            received.clear();
        }
        char buffer[65536];
        for (ssize_t got = 0; (got = recv(fd_, buffer, sizeof buffer, 0)) > 0;)
            received.append(buffer, static_cast<std::size_t>(got));
        return true;
    }
    void say(std::string_view bytes) const {
        REQUIRE(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(bytes.size()));
    }
    void hang_up() {
        if (fd_ >= 0)
            close(fd_);
        fd_ = -1;
        received.clear();
    }
    void reset() {
        const linger at_once{1, 0};
        setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        hang_up();
    }

  private:
    int listener_, fd_ = -1;
};

} // namespace pgcrew::erlang_bridge
