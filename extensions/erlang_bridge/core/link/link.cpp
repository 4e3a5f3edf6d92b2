#include "core/link/link.hpp"

#include <algorithm>
#include <utility>

namespace pgcrew::erlang_bridge {

Link::Link(const LinkOptions &options, const NodeName &peer, Cookie cookie, Time now)
    : options_(options), handshake_(options.handshake, peer, std::move(cookie)),
      liveness_(options.tick_time, now), input_(options.max_frame, options.max_skipped),
      begun_at_(now) {
    output_.push(handshake_.take_output());
}

// ---- bytes ----

void Link::received(std::size_t bytes, Time now) {
    counters_.bytes_in += bytes;
    input_.received(bytes);
    liveness_.heard(now);
    if (state_ == LinkState::Handshake && !handshake_.done())
        on_handshake_bytes();
}

void Link::on_handshake_bytes() {
    input_.skip(handshake_.on_bytes(input_.unread()));
    if (std::string out = handshake_.take_output(); !out.empty())
        output_.push(std::move(out));
    if (handshake_.failure() != Cause::None)
        fail(handshake_.failure());
    else if (handshake_.done())
        begin_calls();
}

void Link::on_end() {
    if (state_ != LinkState::Down)
        fail(handshake_.done() ? Cause::Closed : handshake_.on_end());
}

void Link::written(std::size_t bytes, Time now) {
    counters_.bytes_out += bytes;
    output_.written(bytes);
    liveness_.spoke(now);
    close_if_drained();
}

// ---- time ----

Time Link::next_deadline() const noexcept {
    if (state_ == LinkState::Down)
        return never;
    if (state_ == LinkState::Handshake)
        return after(begun_at_, options_.handshake_timeout);
    Time next = std::min(liveness_.next_deadline(), requests_.next_deadline());
    if (state_ == LinkState::Up) {
        next = std::min(next, after(begun_at_, options_.max_age));
        if (requests_.waiting() == 0)
            next = std::min(next, after(idle_since_, options_.idle_timeout));
    }
    return next;
}

void Link::on_deadline(Time now) {
    if (state_ == LinkState::Handshake && now >= next_deadline())
        fail(Cause::Timeout);
    if (state_ != LinkState::Up && state_ != LinkState::Draining)
        return;
    if (liveness_.silent(now))
        return fail(Cause::Silent);
    while (const auto id = requests_.expired(now)) {
        news_.push_back({LinkNews::What::Finished, Cause::Timeout, *id, output_.unsent(*id)});
        abandon(*id);
    }
    if (liveness_.tick_due(now)) {
        if (output_.empty()) // otherwise what waits there says as much
            output_.push_tick();
        liveness_.spoke(now);
    }
    const bool idle = requests_.waiting() == 0 && now >= after(idle_since_, options_.idle_timeout);
    if (idle || now >= after(begun_at_, options_.max_age))
        drain();
    close_if_drained();
}

// ---- requests ----

// By what the caller gives; a frame is some hundred bytes more.
Cause Link::admit(std::size_t bytes) const noexcept {
    if (state_ != LinkState::Up)
        return Cause::NotConnected;
    const bool has_room =
        bytes <= options_.max_output && output_.bytes() <= options_.max_output - bytes;
    return has_room ? Cause::None : Cause::LimitReached;
}

Link::Submitted Link::call(const FunctionCall &call, Time deadline, Time now) {
    const bool too_many = requests_.size() >= options_.max_requests;
    const Cause refused = admit(call.arguments.size());
    if (refused != Cause::None || too_many)
        return {0, refused != Cause::None ? refused : Cause::LimitReached};
    const RequestId id = next_number();
    output_.push(
        by_rex_ ? rex_call_frame(self_, id, call) : call_frame(self_, id, group_leader_, call), id);
    requests_.add(id, deadline);
    idle_since_ = now;
    return {id, Cause::None};
}

Cause Link::cast(const FunctionCall &call, Time now) {
    return queue(call.arguments.size(), now, [&] {
        return by_rex_ ? rex_cast_frame(self_, next_number(), call)
                       : cast_frame(self_, next_number(), group_leader_, call);
    });
}

Cause Link::send(std::string_view to, std::string_view message, Time now) {
    return queue(message.size(), now, [&] { return send_frame(to, message); });
}

Cause Link::send_to_name(std::string_view name, std::string_view message, Time now) {
    return queue(message.size(), now,
                 [&] { return send_to_name_frame(self_, next_number(), name, message); });
}

template <class MakeFrame> Cause Link::queue(std::size_t bytes, Time now, MakeFrame frame) {
    const Cause refused = admit(bytes);
    if (refused == Cause::None) {
        output_.push(frame());
        idle_since_ = now;
    }
    return refused;
}

bool Link::cancel(RequestId id, Time now) {
    const Requests::Request *request = requests_.find(id);
    if (request == nullptr || request->given_up)
        return false;
    abandon(id);
    idle_since_ = now;
    close_if_drained();
    return true;
}

// A call of which nothing was sent is taken back. Otherwise its process is killed, now or when it
// is known; what the peer still sends for the call's pid is dropped then.
void Link::abandon(RequestId id) {
    const bool nothing_runs = output_.take_back(id) || by_rex_;
    const std::string process = requests_.find(id)->process;
    if (!nothing_runs && process.empty())
        return requests_.give_up(id);
    requests_.erase(id);
    if (!nothing_runs)
        output_.push(kill_frame(self_, id, process));
}

void Link::drain() {
    if (state_ == LinkState::Up)
        state_ = LinkState::Draining;
    close_if_drained();
}

void Link::close() {
    if (state_ != LinkState::Down)
        fail(Cause::Disconnected);
}

void Link::close_if_drained() {
    if (state_ == LinkState::Draining && requests_.waiting() == 0 && output_.empty())
        fail(Cause::Disconnected);
}

void Link::fail(Cause cause) {
    // Where the peer or the network ended it, a call may have run, or may still.
    const bool lost = cause == Cause::Closed || cause == Cause::Silent;
    for (const RequestId id : requests_.take_all()) {
        if (id == first_call_)
            continue;
        const bool unsent = output_.unsent(id);
        news_.push_back({LinkNews::What::Finished, lost && !unsent ? Cause::OutcomeUnknown : cause,
                         id, unsent});
    }
    if (handshake_.done()) // before that it may be a last word to the peer
        output_.clear();
    state_ = LinkState::Down;
    news_.push_back({LinkNews::What::Closed, cause});
}

} // namespace pgcrew::erlang_bridge
