#include "pg/connection_options.hpp"

#include "pg/settings.hpp"

namespace pgcrew::erlang_bridge {
namespace {
Time seconds_or_never(int n) noexcept { return n == 0 ? never : seconds(n); }
} // namespace

NodeConnectionOptions connection_options(const NodeName &name) {
    NodeConnectionOptions options{.name = name};
    options.epmd_port = static_cast<std::uint16_t>(settings::epmd_port);
    options.denied = AddressFilter::parse(settings::denied_addresses).value_or(AddressFilter{});
    options.backoff = settings::backoff();
    options.breaker = settings::breaker();
    options.connect_timeout = milliseconds(settings::connect_timeout);
    options.link.handshake.own_host = settings::own_host;
    options.link.tick_time = seconds(settings::tick_time);
    options.link.idle_timeout = seconds_or_never(settings::idle_timeout);
    options.link.max_age = seconds_or_never(settings::max_age);
    options.link.max_frame = settings::limits().bytes + 4096;
    options.link.max_output = 2 * options.link.max_frame;
    return options;
}

} // namespace pgcrew::erlang_bridge
