#include "core/link/lifecycle.hpp"

#include <stdexcept>
#include <string>

namespace pgcrew::erlang_bridge {

void Lifecycle::step(LinkEvent event, Time now) {
    const auto next = next_state(state_, event);
    if (!next)
        throw std::logic_error(std::string("no such step from state ") + name(state_));
    state_ = *next;
    since_ = now;
}

bool Lifecycle::start(Time now) {
    const bool waiting = state_ == LinkState::Backoff || state_ == LinkState::OpenCircuit;
    if (!next_state(state_, LinkEvent::Wanted) || (waiting && now < retry_at_) ||
        !breaker_.admit(now))
        return false;
    step(LinkEvent::Wanted, now);
    return true;
}

void Lifecycle::accepted(Time now) {
    step(LinkEvent::Accepted, now);
    accepted_at_ = now;
    breaker_.succeeded();
}

void Lifecycle::failed(Time now, std::uint32_t random) {
    breaker_.failed(now);
    // Only a connection that lasted is a success to build on.
    const bool was_up = state_ == LinkState::Up || state_ == LinkState::Draining;
    if (was_up && now - accepted_at_ >= backoff_.cap())
        backoff_.reset();
    const Time wait = backoff_.next(random);
    if (breaker_.state(now) == BreakerState::Open) {
        step(LinkEvent::Tripped, now);
        retry_at_ = breaker_.half_open_at();
    } else {
        step(LinkEvent::Failed, now);
        retry_at_ = after(now, wait);
    }
}

void Lifecycle::closed(Time now) {
    step(LinkEvent::Closed, now);
    breaker_.abandoned();
}

} // namespace pgcrew::erlang_bridge
