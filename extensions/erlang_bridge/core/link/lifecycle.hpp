// The life of one node's connection over many attempts: the state, when to try again, and the
// circuit breaker. Whoever owns the sockets says what happened, and asks when to come back.
#pragma once
#include "core/link/breaker.hpp"
#include "core/link/link_state.hpp"
#include "pgcrew/backoff.hpp"

namespace pgcrew::erlang_bridge {

class Lifecycle {
  public:
    Lifecycle(const BackoffOptions &backoff, const BreakerOptions &breaker)
        : backoff_(backoff), breaker_(breaker) {}

    LinkState state() const noexcept { return state_; }
    BreakerState breaker(Time now) const noexcept { return breaker_.state(now); }
    Time since() const noexcept { return since_; } // when the state was entered
    // In backoff and open-circuit: when start() will succeed.
    Time retry_at() const noexcept { return retry_at_; }

    // Begins an attempt; false if this is not the time for one.
    bool start(Time now);
    void resolved(Time now) { step(LinkEvent::Resolved, now); }
    void connected(Time now) { step(LinkEvent::Connected, now); }
    void accepted(Time now);
    void retired(Time now) { step(LinkEvent::Retired, now); }
    // The attempt or the connection failed. `random` spreads the next attempts.
    void failed(Time now, std::uint32_t random);
    void closed(Time now);

  private:
    void step(LinkEvent event, Time now);

    LinkState state_ = LinkState::Down;
    Time since_ = 0, accepted_at_ = 0, retry_at_ = 0;
    Backoff backoff_;
    Breaker breaker_;
};

} // namespace pgcrew::erlang_bridge
