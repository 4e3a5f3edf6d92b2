#include "pg/socket_set.hpp"

#include "pg/short_look.hpp"
#include "pgcrew/compat.hpp"

#include <algorithm>

namespace pgcrew::erlang_bridge {
namespace {
constexpr long let_gather = 50; // us; with the timers of the kernel some 100
} // namespace

void SocketSet::want(NodeConnection &connection, void *owner) {
    const uint32 events = (connection.wants_read() ? uint32{WL_SOCKET_READABLE} : 0U) |
                          (connection.wants_write() ? uint32{WL_SOCKET_WRITEABLE} : 0U);
    if (connection.fd() >= 0 && events != 0)
        wanted_.push_back({owner, connection.generation(), events, connection.fd()});
}

int SocketSet::sleep(Time timeout, Expected expected, WaitEvent *happened, uint32 wait_event) {
    const bool same =
        set_ != nullptr && std::equal(wanted_.begin(), wanted_.end(), watched_.begin(),
                                      watched_.end(), [](const Watched &a, const Watched &b) {
                                          return a.owner == b.owner && a.generation == b.generation;
                                      });
    if (!same)
        build();
    const long ms = timeout <= 0 ? 0 : static_cast<long>((timeout + 999) / 1000);
    return call([&] {
        for (std::size_t i = 0; i < wanted_.size(); ++i)
            if (same && wanted_[i].events != watched_[i].events)
                ModifyWaitEvent(set_, static_cast<int>(i) + own_events, wanted_[i].events, nullptr);
        watched_.swap(wanted_);
        int count = 0;
        const auto seen = [&] {
            count = WaitEventSetWait(set_, 0, happened, most_events, wait_event);
            return count > 0;
        };
        if (expected == Expected::Many)
            pg_usleep(let_gather);
        else if (expected == Expected::Soon && ms > 0 && spin_until(short_look, seen))
            return count;
        return WaitEventSetWait(set_, ms, happened, most_events, wait_event);
    });
}

void SocketSet::build() {
    close();
    call([&] {
        set_ = compat::new_wait_event_set(static_cast<int>(wanted_.size()) + own_events);
        AddWaitEventToSet(set_, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, nullptr);
        AddWaitEventToSet(set_, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, nullptr, nullptr);
        for (const Watched &socket : wanted_)
            AddWaitEventToSet(set_, socket.events, socket.fd, nullptr, nullptr);
    });
}

void SocketSet::close() noexcept {
    if (set_ != nullptr)
        FreeWaitEventSet(set_);
    set_ = nullptr;
}

} // namespace pgcrew::erlang_bridge
