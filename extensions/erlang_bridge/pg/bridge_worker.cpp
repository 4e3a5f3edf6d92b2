// The bridge worker: owns the sockets of its nodes, and their cookies while hands are shaken.
//
// One loop: take what sessions have asked for, move bytes, hand over what was answered, sleep until
// a socket, a deadline or the latch. It looks at no term but the frames around them, and keeps
// nothing that could not be made again: after its death, nodes are connected anew and requests that
// were on their way end as lost.
#include "pg/bridge_start.hpp"
#include "pg/log.hpp"
#include "pg/requests.hpp"
#include "pg/settings.hpp"
#include "pg/socket_set.hpp"
#include "pg/worked_node.hpp"
#include "pgcrew/compat.hpp"
#include "pgcrew/spin.hpp"
#include "pgcrew/worker.hpp"

#include <algorithm>
#include <map>

extern "C" {
#include <storage/ipc.h>
#include <storage/latch.h>
}

namespace pgcrew::erlang_bridge {
namespace {

constexpr Time longest_sleep = seconds(1); // between two looks at what has expired
constexpr Time show_after = milliseconds(50);
constexpr std::size_t many_in_flight = 64;

class Loop {
  public:
    // What a former worker had connected for good is connected again.
    explicit Loop(int seat) : seat_(seat) {
        for (int i = 0; i < bridge().node_slots; ++i)
            if (nodes()[i].used && nodes()[i].automatic && seat_of(i) == seat)
                nodes_.try_emplace(i, i, monotonic_now());
    }

    void reload() {
        for (auto &[index, node] : nodes_)
            node.renew(monotonic_now());
    }

    void turn(uint32 wait_event) {
        Time now = monotonic_now();
        take_requests(now);
        step(now);
        sleep(now, wait_event);
    }
    void leave() {
        const Time now = monotonic_now();
        for (auto &[index, node] : nodes_)
            for (const auto &lane : node.lanes())
                lane->disconnect(now);
        hand_over();
        for (auto &[index, node] : nodes_)
            node.publish(now, true);
        publish_functions();
    }

  private:
    void take_requests(Time now) {
        WorkerSeat &own = bridge().seats[seat_];
        if (own.first != none)
            for (Request *request : take_inbox(seat_))
                node_of(*request, now).take(*request, now);
        if (own.attention) {
            own.attention = false;
            pg_memory_barrier();
            for (auto &[index, node] : nodes_)
                node.cancel_given_up(now);
        }
    }

    // A slot gets a new tenant only when no request names the former one.
    WorkedNode &node_of(const Request &request, Time now) {
        const auto found = nodes_.find(request.node);
        if (found != nodes_.end() && found->second.generation() != request.node_generation)
            nodes_.erase(found);
        return nodes_.try_emplace(request.node, request.node, now).first->second;
    }

    void step(Time now) {
        for (auto &[index, node] : nodes_) {
            node.step(now);
            node.publish(now, idle_);
        }
        hand_over();
        if (idle_ || now >= expire_at_)
            publish_functions();
        if (now >= expire_at_) {
            (void)expire_results();
            expire_at_ = after(now, longest_sleep);
        }
    }

    void hand_over() {
        std::vector<Reply> replies;
        for (auto &[index, node] : nodes_) {
            const std::vector<Reply> more = node.take_replies();
            replies.insert(replies.end(), more.begin(), more.end());
        }
        if (!replies.empty())
            finish(replies);
    }

    void sleep(Time now, uint32 wait_event) {
        Time until = after(now, idle_ ? longest_sleep : show_after);
        std::size_t in_flight = 0;
        sockets_.begin();
        for (auto &[index, node] : nodes_) {
            until = std::min(until, node.next_deadline());
            for (const auto &lane : node.lanes()) {
                sockets_.want(lane->connection, lane.get());
                in_flight += lane->in_flight();
            }
        }
        using Expected = SocketSet::Expected;
        const Expected expected = in_flight >= many_in_flight ? Expected::Many
                                  : idle_                     ? Expected::Late
                                                              : Expected::Soon;
        idle_ = !sockets_.wait(
            until - now, expected, wait_event, [](void *lane, bool readable, bool writable) {
                static_cast<Lane *>(lane)->on_ready(readable, writable, monotonic_now());
            });
        now = monotonic_now();
        for (auto &[index, node] : nodes_)
            for (const auto &lane : node.lanes())
                if (now >= lane->connection.next_deadline())
                    lane->on_deadline(now);
    }

    int seat_;
    std::map<int, WorkedNode> nodes_;
    SocketSet sockets_;
    bool idle_ = false; // nothing has happened since the last sleep began
    Time expire_at_ = 0;
};

int own_seat = none;

void leave_seat(int, Datum) {
    cleanup("leaving as bridge worker", [] {
        LWLockAcquire(&bridge().lock, LW_EXCLUSIVE);
        bridge().seats[own_seat].proc = nullptr;
        bridge().seats[own_seat].starting = 0;
        for (int i = 0; i < bridge().node_slots; ++i) {
            SharedNode &node = nodes()[i];
            if (node.used && seat_of(i) == own_seat) {
                node.state = LinkState::Down;
                node.connections = node.in_flight = node.waiting = 0;
            }
        }
        LWLockRelease(&bridge().lock);
    });
    lose_running(own_seat);
}

// False if there is another one.
bool take_seat(int seat) {
    {
        const Locked locked(LW_EXCLUSIVE);
        WorkerSeat &own = bridge().seats[seat];
        if (seat >= bridge().workers || own.proc != nullptr)
            return false;
        own.proc = MyProc;
    }
    own_seat = seat;
    call([] { before_shmem_exit(callback<&leave_seat>, 0); });
    lose_running(seat);
    return true;
}

} // namespace

PGCREW_WORKER(erlang_bridge_worker_main, OnTerm::Flag) {
    worker.connect(nullptr);
    bridge();
    if (!take_seat(DatumGetInt32(worker.arg())))
        return;
    if (own_seat == 0 && settings::database[0] != '\0' && !start_starter())
        log_no_starter();
    Loop loop(own_seat);
    const uint32 wait_event = call([] { return compat::new_wait_event("ErlangBridgeMain"); });
    while (!worker.stop_requested()) {
        loop.turn(wait_event);
        if (worker.serve())
            loop.reload();
    }
    loop.leave();
}

} // namespace pgcrew::erlang_bridge
