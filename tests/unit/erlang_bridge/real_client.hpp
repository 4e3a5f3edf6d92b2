// A link to a real node: a plain socket, the system's clock.
#pragma once
#include "core/etf/reader.hpp"
#include "core/etf/writer.hpp"
#include "core/link/random.hpp"
#include "link_driver.hpp"
#include "real_node.hpp"

#include <algorithm>

namespace pgcrew::erlang_bridge {

inline std::string list_of(const std::vector<std::string> &terms) {
    TermWriter out;
    if (!terms.empty())
        out.list(terms.size());
    for (const std::string &term : terms)
        out.raw(term);
    out.nil();
    return out.take();
}

inline std::string atom_of(std::string_view text) {
    TermWriter out;
    out.atom(text);
    return out.take();
}

inline std::string integer_of(std::int64_t value) {
    TermWriter out;
    out.integer(value);
    return out.take();
}

inline std::int64_t as_integer(std::string_view term) {
    struct : TermVisitor {
        std::int64_t value = -1;
        void integer(std::int64_t v) override { value = v; }
    } visitor;
    read_term(term, visitor);
    return visitor.value;
}

// The raw terms of a list of pids.
inline std::vector<std::string> pids_in(std::string_view term) {
    struct : TermVisitor {
        std::vector<std::string> pids;
        void pid(const Pid &pid) override { pids.emplace_back(pid.raw); }
    } visitor;
    read_term(term, visitor);
    return visitor.pids;
}

class RealClient {
  public:
    static LinkOptions usual_options() {
        LinkOptions options;
        options.handshake.own_host = "127.0.0.1";
        options.handshake.challenge = system_random();
        options.handshake.creation = system_random() | 4U;
        return options;
    }

    RealClient(std::uint16_t port, const NodeName &peer, std::string_view cookie,
               const LinkOptions &options = usual_options())
        : driver(options, peer, cookie, real_now()), socket_(connect_to(port)) {
        REQUIRE(socket_ >= 0);
    }
    explicit RealClient(const RealNode &node, const LinkOptions &options = usual_options())
        : RealClient(node.port, node.name, RealNode::cookie, options) {
        const Reported first = next_report();
        REQUIRE(text(first.cause) == std::string("success"));
        REQUIRE(first.what == LinkNews::What::Up);
    }
    ~RealClient() { close(socket_); }
    RealClient(const RealClient &) = delete;
    RealClient &operator=(const RealClient &) = delete;

    // Moves bytes and time until there is a report.
    Reported next_report() {
        const Time give_up = real_now() + long_enough;
        while (driver.reported.empty() && real_now() < give_up)
            step(give_up);
        REQUIRE_FALSE(driver.reported.empty());
        Reported first = driver.reported.front();
        driver.reported.erase(driver.reported.begin());
        return first;
    }
    void run_until(Time end) {
        while (driver.reported.empty() && real_now() < end)
            step(end);
    }
    // Sends all that is to be sent, and reads nothing.
    void flush() {
        while (driver.link.output_bytes() > 0)
            send_some();
    }
    RequestId begin(std::string_view module, std::string_view function,
                    const std::vector<std::string> &arguments, Time deadline = never) {
        driver.now = real_now();
        return driver.link.call({module, function, list_of(arguments)}, deadline, driver.now).id;
    }
    Reported call(std::string_view module, std::string_view function,
                  const std::vector<std::string> &arguments) {
        const RequestId id = begin(module, function, arguments);
        REQUIRE(id != 0);
        Reported report = next_report();
        REQUIRE(report.request == id);
        return report;
    }
    bool holds_within(Time time, std::string_view module, std::string_view function,
                      const std::vector<std::string> &arguments, std::string_view value) {
        const Time give_up = real_now() + time;
        while (call(module, function, arguments).value != value)
            if (real_now() > give_up)
                return false;
        return true;
    }

    LinkDriver driver;

  private:
    // Waits for the socket or the link's deadline, but not beyond `end`.
    void step(Time end) {
        driver.collect();
        const Time now = real_now();
        const Time wait = std::min(driver.link.next_deadline(), end) - now;
        const bool sends = driver.link.output_bytes() > 0;
        pollfd wanted{socket_, static_cast<short>(POLLIN | (sends ? POLLOUT : 0)), 0};
        poll(&wanted, 1, static_cast<int>(std::max<Time>(0, wait / 1000 + 1)));
        driver.now = real_now();
        if ((wanted.revents & POLLOUT) != 0)
            send_some();
        if ((wanted.revents & (POLLIN | POLLHUP | POLLERR)) != 0)
            receive_some();
        driver.advance_to(real_now());
    }
    void send_some() {
        std::array<std::string_view, 1> parts;
        if (driver.link.output(parts) == 0)
            return;
        const ssize_t sent =
            send(socket_, parts[0].data(), parts[0].size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0)
            driver.link.written(static_cast<std::size_t>(sent), driver.now);
    }
    void receive_some() {
        const auto room = driver.link.room();
        const ssize_t got = recv(socket_, room.data(), room.size(), MSG_DONTWAIT);
        if (got > 0)
            driver.link.received(static_cast<std::size_t>(got), driver.now);
        else if (got == 0 || errno != EAGAIN)
            driver.link.on_end();
        driver.collect();
    }

    int socket_;
};

} // namespace pgcrew::erlang_bridge
