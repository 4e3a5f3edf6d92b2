// A connection to a node with the event loop that it needs, and what it has reported.
#pragma once
#include "core/net/node_connection.hpp"
#include "real_client.hpp"
#include "scripted_peer.hpp"
#include "tcp_peer.hpp"

#include <optional>
#include <utility>

namespace pgcrew::erlang_bridge {

struct ConnectionReport { // as ConnectionNews, with terms of its own
    ConnectionNews::What what;
    Cause cause;
    RequestId request;
    bool unsent;
    std::string value, stack;
};

class ConnectionDriver {
  public:
    using What = ConnectionNews::What;

    static NodeConnectionOptions options_for(const NodeName &name, std::uint16_t epmd) {
        NodeConnectionOptions options{name, epmd};
        options.link.handshake.own_host = "pg.example";
        options.connect_timeout = long_enough;
        return options;
    }
    explicit ConnectionDriver(const NodeConnectionOptions &options,
                              std::string cookie = RealNode::cookie)
        : connection(
              options, [cookie] { return std::move(*Cookie::parse(cookie)); }, real_now()) {}
    explicit ConnectionDriver(const RealNode &node)
        : ConnectionDriver(options_for(node.name, private_epmd())) {}

    NodeConnection connection;
    std::vector<ConnectionReport> reports;

    void collect() {
        while (const auto news = connection.next_event(real_now()))
            reports.push_back({news->what, news->cause, news->request, news->unsent,
                               std::string(news->value), std::string(news->stack)});
    }
    // Moves bytes and time until `done` says so; the other end may be played in it.
    template <class F> void run_until(F done) {
        const Time give_up = real_now() + long_enough;
        while (!done()) {
            REQUIRE(real_now() < give_up);
            step();
        }
    }
    ConnectionReport next_report() {
        return next_report([] {});
    }
    template <class F> ConnectionReport next_report(F other_end) {
        collect();
        run_until([&] {
            other_end();
            return !reports.empty();
        });
        ConnectionReport first = reports.front();
        reports.erase(reports.begin());
        return first;
    }
    // Of an attempt that begins now, whatever the other end does in `other_end`.
    template <class F> Cause failure(F other_end) {
        REQUIRE(connection.want(real_now()));
        const ConnectionReport report = next_report(other_end);
        CHECK(report.what == What::AttemptFailed);
        CHECK(connection.last_cause() == report.cause);
        CHECK(connection.fd() == -1);
        return report.cause;
    }
    Cause failure() {
        return failure([] {});
    }
    void come_up() {
        REQUIRE(connection.want(real_now()));
        const ConnectionReport report = next_report();
        REQUIRE(text(report.cause) == std::string("success"));
        REQUIRE(report.what == What::Up);
        REQUIRE(connection.state() == LinkState::Up);
    }
    RequestId begin(std::string_view module, std::string_view function,
                    const std::vector<std::string> &arguments, Time deadline = never) {
        Link *link = connection.link();
        REQUIRE(link != nullptr);
        return link->call({module, function, list_of(arguments)}, deadline, real_now()).id;
    }
    ConnectionReport call(std::string_view module, std::string_view function,
                          const std::vector<std::string> &arguments) {
        const RequestId id = begin(module, function, arguments);
        connection.flush(real_now());
        ConnectionReport report = next_report();
        REQUIRE(report.what == What::Finished);
        REQUIRE(report.request == id);
        return report;
    }
    void step() {
        const Time now = real_now();
        const Time wait = std::min(connection.next_deadline() - now, milliseconds(1));
        const bool reads = connection.wants_read(), writes = connection.wants_write();
        pollfd wanted{connection.fd(),
                      static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)), 0};
        poll(&wanted, 1, wait > 0 ? 1 : 0);
        const bool broken = (wanted.revents & (POLLERR | POLLHUP)) != 0;
        connection.on_ready(broken || (wanted.revents & POLLIN) != 0,
                            (wanted.revents & POLLOUT) != 0, real_now());
        collect();
        connection.on_deadline(real_now());
        collect();
    }
};

} // namespace pgcrew::erlang_bridge
