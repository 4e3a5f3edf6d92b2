#include "pg/direct.hpp"

#include "pg/connection_options.hpp"
#include "pg/cookie_vault.hpp"
#include "pg/outcome_error.hpp"
#include "pg/socket_set.hpp"
#include "pgcrew/compat.hpp"

#include <map>
#include <memory>

namespace pgcrew::erlang_bridge {
namespace {

struct Direct {
    Direct(const Target &target, Time now)
        : name(target.name.full()), sealed(target.sealed_cookie),
          connection(
              connection_options(target.name), [this] { return unseal(sealed, name); }, now) {}

    // Sleeps until something happens, at most until `end`.
    void move(Time end) {
        static uint32 wait_event = 0;
        if (wait_event == 0)
            wait_event = pgcrew::call([] { return compat::new_wait_event("ErlangBridgeDirect"); });
        sockets.begin();
        sockets.want(connection, this);
        Time now = monotonic_now();
        const Time until = std::min(end, connection.next_deadline());
        const bool answer_is_near = connection.state() == LinkState::Up;
        (void)sockets.wait(until - now,
                           answer_is_near ? SocketSet::Expected::Soon : SocketSet::Expected::Late,
                           wait_event, [this](void *, bool readable, bool writable) {
                               connection.on_ready(readable, writable, monotonic_now());
                           });
        pgcrew::call([] {
            ResetLatch(MyLatch);
            CHECK_FOR_INTERRUPTS();
        });
        now = monotonic_now();
        if (now >= connection.next_deadline())
            connection.on_deadline(now);
    }

    Cause connect(Time end) {
        for (;;) {
            const Time now = monotonic_now();
            while (const std::optional<ConnectionNews> news = connection.next_event(now))
                if (news->what == ConnectionNews::What::AttemptFailed)
                    return news->cause;
            if (connection.state() == LinkState::Up)
                return Cause::None;
            if (now >= end)
                return Cause::Timeout;
            if (connection.breaker(now) == BreakerState::Open)
                return Cause::CircuitOpen;
            (void)connection.want(now);
            const bool pausing = connection.state() == LinkState::Backoff;
            move(pausing ? std::min(end, connection.retry_at()) : end);
        }
    }

    std::string name, sealed;
    NodeConnection connection;
    SocketSet sockets;
};

// Never destroyed: the end of the process closes sockets.
auto &connections() {
    static auto *map = new std::map<std::string, std::unique_ptr<Direct>, std::less<>>;
    return *map;
}

Direct &connection_to(const Target &target) {
    std::unique_ptr<Direct> &found = connections()[target.name.full()];
    if (!found)
        found = std::make_unique<Direct>(target, monotonic_now());
    if (!target.sealed_cookie.empty())
        found->sealed = target.sealed_cookie;
    return *found;
}

// Cancels the call if it is left before it has ended.
class OwnCall : NoCopy {
  public:
    OwnCall(Direct &direct, RequestId id) noexcept : direct_(direct), id_(id) {}
    ~OwnCall() {
        Link *link = ended ? nullptr : direct_.connection.link();
        if (link != nullptr && link->cancel(id_, monotonic_now()))
            direct_.connection.flush(monotonic_now());
    }
    bool ended = false;

  private:
    Direct &direct_;
    RequestId id_;
};

// True when it ended; false if it may be tried again.
bool attempt(Direct &direct, const NodeCall &wanted, Time end,
             const std::function<void(const CallOutcome &)> &then) {
    const Cause cause = direct.connect(end);
    if (cause != Cause::None) {
        then({.cause = cause});
        return true;
    }
    const Link::Submitted submitted = direct.connection.link()->call(
        {wanted.item.module, wanted.item.function, wanted.item.arguments}, end, monotonic_now());
    if (submitted.id == 0) {
        then({.cause = submitted.refused});
        return submitted.refused != Cause::NotConnected;
    }
    OwnCall own(direct, submitted.id);
    direct.connection.flush(monotonic_now());
    for (;;) {
        while (const std::optional<ConnectionNews> news =
                   direct.connection.next_event(monotonic_now())) {
            if (news->what != ConnectionNews::What::Finished || news->request != submitted.id)
                continue;
            own.ended = true;
            if (connection_lost(news->cause) && (news->unsent || wanted.idempotent) &&
                monotonic_now() < end)
                return false;
            then({.cause = news->cause, .value = news->value, .stack = news->stack});
            return true;
        }
        direct.move(never);
    }
}

} // namespace

void call_directly(const NodeCall &wanted, const std::function<void(const CallOutcome &)> &then) {
    Direct &direct = connection_to(wanted.target);
    const Time end = after(monotonic_now(), wanted.timeout);
    while (!attempt(direct, wanted, end, then))
        ;
}

void connect_directly(const Target &target, Time timeout) {
    const Cause cause = connection_to(target).connect(after(monotonic_now(), timeout));
    if (cause != Cause::None)
        raise_cause(cause, target.name);
}

bool connected_directly(const NodeName &name) {
    const auto found = connections().find(name.full());
    return found != connections().end() && found->second->connection.state() == LinkState::Up;
}

bool disconnect_directly(const NodeName &name) {
    const bool connected = connected_directly(name);
    connections().erase(name.full());
    return connected;
}

} // namespace pgcrew::erlang_bridge
