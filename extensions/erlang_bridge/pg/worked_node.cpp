#include "pg/worked_node.hpp"

#include "pg/connection_options.hpp"
#include "pg/cookie_vault.hpp"
#include "pg/settings.hpp"

#include <algorithm>
#include <cstring>

extern "C" {
#include <utils/timestamp.h>
}

namespace pgcrew::erlang_bridge {
namespace {

constexpr Time publish_at_most_every = milliseconds(50);
constexpr uint64 large_request =
    uint64{256} * 1024; // has the last of several connections to itself
constexpr std::size_t most_role_buckets = 1024;

// The cookie as the latest session to name it has left it.
Cookie cookie_of(int index) {
    std::string sealed, name;
    {
        const Locked locked(LW_SHARED);
        const SharedNode &node = nodes()[index];
        sealed.assign(node.sealed, node.sealed_size);
        name = node.name;
    }
    return unseal(sealed, name);
}

} // namespace

WorkedNode::WorkedNode(int index, Time now)
    : index_(index), generation_(nodes()[index].generation), bytes_(0, 0, now) {
    make_lanes(now);
}

std::unique_ptr<Lane> WorkedNode::make_lane(Time now) const {
    const std::optional<NodeName> name = NodeName::parse(nodes()[index_].name);
    if (!name)
        throw Error(sqlstate::internal_error, "invalid name of an Erlang node in shared memory");
    return std::make_unique<Lane>(
        connection_options(*name), [index = index_] { return cookie_of(index); }, index_, now);
}

void WorkedNode::make_lanes(Time now) {
    std::vector<std::unique_ptr<Lane>> made;
    made.reserve(static_cast<std::size_t>(settings::connections_per_node));
    for (int i = 0; i < settings::connections_per_node; ++i)
        made.push_back(make_lane(now));
    current_ = made.size();
    std::move(lanes_.begin(), lanes_.end(), std::back_inserter(made));
    lanes_ = std::move(made);
    made_with_ = settings::of_connections();
    bytes_ = TokenBucket(settings::byte_rate * 1024.0, settings::byte_rate * 1024.0, now);
    role_buckets_.clear();
}

// A connection on its way out, for its age say, takes nothing any more: there is a new one beside
// it.
void WorkedNode::replace_draining(Time now) {
    for (std::size_t i = 0; i < current_; ++i) {
        if (lanes_[i]->connection.state() != LinkState::Draining)
            continue;
        const std::vector<Request *> waiting = lanes_[i]->retire(now);
        lanes_.push_back(std::exchange(lanes_[i], make_lane(now)));
        for (Request *request : waiting)
            lanes_[i]->add(*request, now);
    }
}

void WorkedNode::renew(Time now) {
    if (made_with_ == settings::of_connections())
        return;
    std::vector<Request *> waiting;
    for (std::size_t i = 0; i < current_; ++i) {
        const std::vector<Request *> more = lanes_[i]->retire(now);
        waiting.insert(waiting.end(), more.begin(), more.end());
    }
    make_lanes(now);
    for (Request *request : waiting)
        lane_for(*request).add(*request, now);
}

Lane &WorkedNode::lane_for(const Request &request) noexcept {
    if (current_ == 1)
        return *lanes_.front();
    const auto last = lanes_.begin() + static_cast<std::ptrdiff_t>(current_) - 1;
    if (request.payload_size >= large_request)
        return **last;
    return **std::min_element(lanes_.begin(), last, [](const auto &a, const auto &b) {
        return a->in_flight() + a->waiting() < b->in_flight() + b->waiting();
    });
}

bool WorkedNode::admit(const Request &request, Time now) {
    if (settings::byte_rate > 0 && !bytes_.take(now, static_cast<double>(request.payload_size)))
        return false;
    if (settings::call_rate <= 0)
        return true;
    if (role_buckets_.size() >= most_role_buckets)
        role_buckets_.clear();
    const double burst = std::max(1.0, settings::call_rate);
    return role_buckets_.try_emplace(request.role, settings::call_rate, burst, now)
        .first->second.take(now, request.items);
}

void WorkedNode::take(Request &request, Time now) {
    if (request.kind == RequestKind::Disconnect || request.kind == RequestKind::Forget) {
        for (const auto &lane : lanes_)
            lane->disconnect(now);
        own_replies_.push_back({.request = &request});
    } else if (request.kind == RequestKind::SetCookie) {
        own_replies_.push_back({.request = &request});
    } else if (request.kind != RequestKind::Connect && !admit(request, now)) {
        own_replies_.push_back({.request = &request, .cause = Cause::LimitReached});
    } else {
        lane_for(request).add(request, now);
    }
}

void WorkedNode::cancel_given_up(Time now) {
    for (const auto &lane : lanes_)
        lane->cancel_given_up(now);
}

void WorkedNode::step(Time now) {
    const bool automatic = nodes()[index_].automatic;
    for (std::size_t i = 0; i < lanes_.size(); ++i)
        lanes_[i]->step(automatic && i == 0, now);
    replace_draining(now);
}

void WorkedNode::forget_retired() {
    const auto retired = lanes_.begin() + static_cast<std::ptrdiff_t>(current_);
    lanes_.erase(
        std::remove_if(retired, lanes_.end(), [](const auto &lane) { return lane->idle(); }),
        lanes_.end());
}

Time WorkedNode::next_deadline() const noexcept {
    Time next = never;
    for (const auto &lane : lanes_)
        next = std::min(next, lane->next_deadline());
    return next;
}

std::vector<Reply> WorkedNode::take_replies() {
    std::vector<Reply> all = std::exchange(own_replies_, {});
    for (const auto &lane : lanes_) {
        const std::vector<Reply> more = lane->take_replies();
        all.insert(all.end(), more.begin(), more.end());
    }
    forget_retired();
    return all;
}

void WorkedNode::publish(Time now, bool even_if_soon) {
    // The first connection stands for the node: with several, all are made as they are needed.
    const NodeConnection &first = lanes_.front()->connection;
    const LinkState state = first.state();
    if (state == shown_state_ && !even_if_soon && now < after(published_at_, publish_at_most_every))
        return;
    published_at_ = now;
    LinkCounters sum{};
    const Locked locked(LW_EXCLUSIVE);
    SharedNode &node = nodes()[index_];
    if (node.generation != generation_)
        return;
    node.connections = node.in_flight = node.waiting = 0;
    for (const auto &lane : lanes_) {
        sum += lane->traffic();
        node.connections += lane->connection.state() == LinkState::Up ? 1 : 0;
        node.in_flight += static_cast<int32>(lane->in_flight());
        node.waiting += static_cast<int32>(lane->waiting());
        NodeCounters &fresh = lane->counted;
        node.counters.calls += fresh.calls;
        node.counters.messages += fresh.messages;
        node.counters.attempts += fresh.attempts;
        node.counters.connects += fresh.connects;
        for (int i = 0; i < cause_count; ++i)
            node.counters.errors[i] += fresh.errors[i];
        fresh = NodeCounters{};
    }
    node.counters.bytes_in += static_cast<int64>(sum.bytes_in);
    node.counters.bytes_out += static_cast<int64>(sum.bytes_out);
    node.counters.frames_dropped += static_cast<int64>(sum.dropped);
    if (state != shown_state_)
        node.since = GetCurrentTimestamp();
    shown_state_ = node.state = state;
    node.breaker = first.breaker(now);
    if (first.last_cause() != Cause::None && node.last_failure != first.last_cause()) {
        node.last_failure = first.last_cause();
        node.failed_at = GetCurrentTimestamp();
    }
    node.peer_flags = lanes_.front()->peer_flags();
    const std::string &release = lanes_.front()->otp_release();
    std::memcpy(node.otp_release, release.c_str(), release.size() + 1);
}

} // namespace pgcrew::erlang_bridge
