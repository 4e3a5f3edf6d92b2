#include "core/link/breaker.hpp"

namespace pgcrew::erlang_bridge {

const char *name(BreakerState state) noexcept {
    switch (state) {
    case BreakerState::Closed:
        return "closed";
    case BreakerState::Open:
        return "open";
    case BreakerState::HalfOpen:
        return "half-open";
    }
    return "unknown";
}

BreakerState Breaker::state(Time now) const noexcept {
    if (!open_)
        return BreakerState::Closed;
    return now < half_open_at_ ? BreakerState::Open : BreakerState::HalfOpen;
}

bool Breaker::admit(Time now) noexcept {
    switch (state(now)) {
    case BreakerState::Closed:
        return true;
    case BreakerState::Open:
        return false;
    case BreakerState::HalfOpen:
        if (trial_)
            return false;
        trial_ = true;
        return true;
    }
    return false;
}

void Breaker::succeeded() noexcept {
    if (open_)
        failures_.clear();
    open_ = trial_ = false;
}

void Breaker::failed(Time now) {
    if (options_.failures == 0)
        return;
    while (!failures_.empty() && failures_.front() < now - options_.window)
        failures_.pop_front();
    failures_.push_back(now);
    if (trial_ || failures_.size() >= options_.failures) {
        failures_.clear();
        open_ = true;
        trial_ = false;
        half_open_at_ = after(now, options_.pause);
    }
}

} // namespace pgcrew::erlang_bridge
