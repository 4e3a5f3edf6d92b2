#include "core/net/socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace pgcrew::erlang_bridge {
namespace {

constexpr std::size_t most_parts = 64;

std::uint32_t next_serial() noexcept {
    static std::uint32_t last = 0;
    return ++last == 0 ? ++last : last;
}

void set(int fd, int level, int option, int value) noexcept {
    setsockopt(fd, level, option, &value, sizeof value); // none that we could not live without
}

socklen_t fill(sockaddr_storage &storage, const Address &address, std::uint16_t port) noexcept {
    if (!address.v6) {
        auto &v4 = reinterpret_cast<sockaddr_in &>(storage);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&v4.sin_addr, address.bytes.data(), sizeof v4.sin_addr);
        return sizeof v4;
    }
    auto &v6 = reinterpret_cast<sockaddr_in6 &>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_scope_id = address.scope;
    std::memcpy(&v6.sin6_addr, address.bytes.data(), sizeof v6.sin6_addr);
    return sizeof v6;
}

bool for_the_moment(int error) noexcept {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR || error == ENOBUFS ||
           error == ENOMEM;
}

Socket::Moved moved(ssize_t result) noexcept {
    if (result >= 0)
        return {static_cast<std::size_t>(result), false};
    return {0, !for_the_moment(errno)};
}

} // namespace

Socket::Socket(const Address &address, std::uint16_t port, Time patience)
    : fd_(socket(address.v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    if (fd_ < 0) {
        error_ = errno;
        return;
    }
    serial_ = next_serial();
    set(fd_, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd_, SOL_SOCKET, SO_KEEPALIVE, 1);
    if (patience != never)
        set(fd_, IPPROTO_TCP, TCP_USER_TIMEOUT,
            static_cast<int>(std::min<Time>(patience / 1000, std::numeric_limits<int>::max())));
    sockaddr_storage to{};
    const socklen_t size = fill(to, address, port);
    // A signal does not stop it from connecting.
    if (connect(fd_, reinterpret_cast<const sockaddr *>(&to), size) != 0 && errno != EINPROGRESS &&
        errno != EINTR)
        error_ = errno;
}

Socket::Socket(Socket &&other) noexcept
    : fd_(std::exchange(other.fd_, -1)), error_(std::exchange(other.error_, 0)),
      serial_(std::exchange(other.serial_, 0)) {}

Socket &Socket::operator=(Socket &&other) noexcept {
    Socket taken(std::move(other));
    std::swap(fd_, taken.fd_);
    std::swap(error_, taken.error_);
    std::swap(serial_, taken.serial_);
    return *this;
}

Socket::~Socket() {
    if (fd_ >= 0)
        close(fd_);
}

int Socket::error() noexcept {
    socklen_t size = sizeof error_;
    if (error_ == 0 && getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error_, &size) != 0)
        error_ = errno;
    if (error_ != 0)
        return error_;
    sockaddr_storage peer{};
    size = sizeof peer;
    const bool connected = getpeername(fd_, reinterpret_cast<sockaddr *>(&peer), &size) == 0;
    return connected ? 0 : EINPROGRESS;
}

Socket::Moved Socket::read(std::span<char> room) noexcept {
    const ssize_t got = recv(fd_, room.data(), room.size(), 0);
    return got == 0 ? Moved{0, true} : moved(got);
}

Socket::Moved Socket::write(std::span<const std::string_view> parts) noexcept {
    std::array<iovec, most_parts> vectors; // NOLINT: those in use are filled
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = std::min(parts.size(), most_parts);
    for (std::size_t i = 0; i < message.msg_iovlen; ++i)
        vectors[i] = {const_cast<char *>(parts[i].data()), parts[i].size()};
    return moved(sendmsg(fd_, &message, MSG_NOSIGNAL));
}

bool Socket::peer_closed() const noexcept {
    pollfd state{fd_, POLLRDHUP, 0};
    return poll(&state, 1, 0) > 0; // POLLERR and POLLHUP come unasked
}

bool Socket::has_unread() const noexcept {
    char byte = 0;
    return recv(fd_, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) > 0;
}

} // namespace pgcrew::erlang_bridge
