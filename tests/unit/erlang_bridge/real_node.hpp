// A node of the installed Erlang/OTP, registered with an epmd of our own; both are gone when the
// test program is.
#pragma once
#include "catch.hpp"
#include "child_process.hpp"
#include "core/link/epmd.hpp"
#include "core/link/node_name.hpp"
#include "core/link/time.hpp"

#include <arpa/inet.h>
#include <chrono>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace pgcrew::erlang_bridge {

inline constexpr Time long_enough = seconds(60);

inline Time real_now() {
    using namespace std::chrono;
    return duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}

inline sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

// Connected, or -1.
inline int connect_to(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

inline std::uint16_t free_port() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    const bool bound = bind(fd, reinterpret_cast<sockaddr *>(&address), size) == 0 &&
                       getsockname(fd, reinterpret_cast<sockaddr *>(&address), &size) == 0;
    close(fd);
    REQUIRE(bound);
    return ntohs(address.sin_port);
}

// What epmd answers to a question, until it closes the connection.
inline std::string ask_epmd(std::uint16_t epmd, std::string_view question) {
    const int fd = connect_to(epmd);
    if (fd < 0)
        return {};
    std::string answer;
    char buffer[4096];
    ssize_t got = send(fd, question.data(), question.size(), MSG_NOSIGNAL);
    while (got > 0 && (got = recv(fd, buffer, sizeof buffer, 0)) > 0)
        answer.append(buffer, static_cast<std::size_t>(got));
    close(fd);
    return answer;
}

// The port of the one epmd of this program, which it starts.
inline std::uint16_t private_epmd() {
    static const std::uint16_t port = free_port();
    static ChildProcess epmd({"epmd", "-address", "127.0.0.1", "-port", std::to_string(port)});
    static const bool listens = [] {
        const Time give_up = real_now() + long_enough;
        int fd = -1;
        while ((fd = connect_to(port)) < 0 && epmd.running() && real_now() < give_up)
            poll(nullptr, 0, 10);
        close(fd);
        return fd >= 0;
    }();
    INFO("epmd of Erlang/OTP must be installed and in the path");
    REQUIRE(listens);
    return port;
}

inline EpmdPortQuery::Answer port_of(std::string_view alive) {
    EpmdPortQuery query(alive);
    return query.on_bytes(ask_epmd(private_epmd(), query.request()))
        .value_or(EpmdPortQuery::on_end());
}

class RealNode {
  public:
    static constexpr const char *cookie = "a cookie \"of\" tests";

    // Waits until it is registered.
    explicit RealNode(const std::string &alive, const std::vector<std::string> &arguments = {})
        : name(*NodeName::parse(alive + "@127.0.0.1")), process_(command(name, arguments)) {
        const Time give_up = real_now() + long_enough;
        while (port == 0 && process_.running() && real_now() < give_up) {
            port = port_of(alive).port;
            poll(nullptr, 0, 20);
        }
        INFO("erl of Erlang/OTP must be installed and in the path");
        REQUIRE(port != 0);
    }
    void signal(int number) const { process_.signal(number); }
    void stop() const { process_.stop(); }

    const NodeName name;
    std::uint16_t port = 0;

  private:
    static std::vector<std::string> command(const NodeName &name,
                                            const std::vector<std::string> &arguments) {
        setenv("ERL_EPMD_PORT", std::to_string(private_epmd()).c_str(), 1);
        std::vector<std::string> all{"erl",     "-noinput",     "-start_epmd", "false",
                                     "-name",   name.full(),    "-setcookie",  cookie,
                                     "-kernel", "logger_level", "emergency"};
        all.insert(all.end(), arguments.begin(), arguments.end());
        return all;
    }
    ChildProcess process_;
};

} // namespace pgcrew::erlang_bridge
