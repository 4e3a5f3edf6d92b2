// erlang_discover: which nodes a host has, by its epmd.
#include "core/link/epmd.hpp"
#include "core/net/address_filter.hpp"
#include "core/net/resolver.hpp"
#include "core/net/socket.hpp"
#include "pg/outcome_error.hpp"
#include "pg/permissions.hpp"
#include "pg/settings.hpp"
#include "pgcrew/args.hpp"
#include "pgcrew/compat.hpp"

extern "C" {
#include <storage/latch.h>
}

namespace pgcrew::erlang_bridge {
namespace {

constexpr Time look_again = milliseconds(10);

[[noreturn]] void fail(Cause cause, const std::string &host) {
    throw Error(sqlstate(cause), text(cause), "Host \"" + host + "\".");
}

class Question {
  public:
    Question(const std::string &host, Time end) : host_(host), end_(end) {}

    std::vector<EpmdName> ask() {
        Cause cause = Cause::HostUnknown;
        const auto denied = AddressFilter::parse(settings::denied_addresses);
        for (const Address &address : addresses()) {
            cause = Cause::AddressDenied;
            if (denied && denied->contains(address))
                continue;
            cause = Cause::EpmdUnreachable;
            Socket socket(address, static_cast<std::uint16_t>(settings::epmd_port), end_);
            if (socket.fd() >= 0 && connected(socket))
                return names(socket);
        }
        fail(cause, host_);
    }

  private:
    std::vector<Address> addresses() {
        Resolver resolver(host_);
        for (;;) {
            if (std::optional<std::vector<Address>> found = resolver.result())
                return *found;
            sleep(PGINVALID_SOCKET, 0, look_again);
        }
    }

    bool connected(Socket &socket) {
        sleep(socket.fd(), WL_SOCKET_WRITEABLE, never);
        return socket.error() == 0;
    }

    std::vector<EpmdName> names(Socket &socket) {
        const std::string request = EpmdNamesQuery::request();
        const std::string_view parts[] = {request};
        if (socket.write(parts).bytes != request.size())
            fail(Cause::EpmdUnreachable, host_);
        EpmdNamesQuery query;
        char buffer[4096];
        for (;;) {
            sleep(socket.fd(), WL_SOCKET_READABLE, never);
            const Socket::Moved read = socket.read(buffer);
            if (read.bytes > 0 && !query.on_bytes({buffer, read.bytes}))
                fail(Cause::EpmdInvalid, host_);
            if (!read.ended)
                continue;
            if (std::optional<std::vector<EpmdName>> found = query.on_end())
                return *found;
            fail(Cause::EpmdInvalid, host_);
        }
    }

    // Interruptible; throws when the time is over.
    void sleep(int fd, int events, Time at_most) {
        static uint32 wait_event = 0;
        if (wait_event == 0)
            wait_event = call([] { return compat::new_wait_event("ErlangBridgeDiscover"); });
        const Time left = end_ - monotonic_now();
        if (left <= 0)
            fail(Cause::Timeout, host_);
        call([&] {
            (void)WaitLatchOrSocket(MyLatch,
                                    WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH | events, fd,
                                    static_cast<long>(Min(left, at_most) / 1000 + 1), wait_event);
            ResetLatch(MyLatch);
            CHECK_FOR_INTERRUPTS();
        });
    }

    const std::string &host_;
    Time end_;
};

} // namespace
} // namespace pgcrew::erlang_bridge

using namespace pgcrew;
using namespace pgcrew::erlang_bridge;

PGCREW_FUNCTION(erlang_bridge_discover) {
    const Args args(fcinfo);
    require_admin();
    const std::string host = args.text(0, "host");
    if (!valid_host(host))
        throw Error(sqlstate::invalid_parameter_value, "invalid name of a host");
    SetResult rows(fcinfo);
    const Time end = after(monotonic_now(), milliseconds(settings::connect_timeout));
    for (const EpmdName &name : Question(host, end).ask())
        rows.put({Value(name.alive), Value(static_cast<std::int32_t>(name.port))});
    return rows.done();
}
