#include "pg/own_request.hpp"

#include "pg/bridge_start.hpp"
#include "pg/short_look.hpp"
#include "pgcrew/compat.hpp"

#include <algorithm>

extern "C" {
#include <storage/latch.h>
}

namespace pgcrew::erlang_bridge {
namespace {

constexpr Time worker_check = seconds(1); // how often whoever waits looks for a worker

} // namespace

OwnRequest::OwnRequest(const Submission &submission)
    : request_((give_up_at_exit(), submit(submission))) {}

OwnRequest::~OwnRequest() {
    if (request_.now() == RequestState::Done)
        release(request_);
    else
        give_up(request_);
}

const Request &OwnRequest::wait() {
    static uint32 wait_event = 0;
    const auto done = [this] { return request_.now() == RequestState::Done; };
    if (!spin_until(short_look, done)) {
        if (wait_event == 0)
            wait_event = call([] { return compat::new_wait_event("ErlangBridgeWait"); });
        while (!done()) {
            const bool timed_out = call([&] {
                const int rc = WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
                                         worker_check / 1000, wait_event);
                ResetLatch(MyLatch);
                CHECK_FOR_INTERRUPTS();
                return (rc & WL_TIMEOUT) != 0;
            });
            if (timed_out)
                (void)ensure_worker(seat_of(request_.node));
        }
    }
    pg_read_barrier();
    return request_;
}

} // namespace pgcrew::erlang_bridge
