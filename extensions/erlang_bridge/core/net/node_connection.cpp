#include "core/net/node_connection.hpp"

#include "core/link/random.hpp"

#include <array>
#include <utility>

namespace pgcrew::erlang_bridge {
namespace {

constexpr std::size_t most_moved = std::size_t{4} << 20U; // in a call: others want their turn
constexpr std::size_t most_parts = 64;

} // namespace

NodeConnection::NodeConnection(NodeConnectionOptions options, CookieSource cookie, Time now)
    : options_(std::move(options)), cookie_(std::move(cookie)), made_at_(now),
      lifecycle_(options_.backoff, options_.breaker) {}

NodeConnection::~NodeConnection() = default;

LinkCounters NodeConnection::counters() const noexcept {
    LinkCounters sum = counters_;
    if (link_)
        sum += link_->counters();
    return sum;
}

Link *NodeConnection::link() noexcept {
    const bool up = state() == LinkState::Up || state() == LinkState::Draining;
    return up ? link_.get() : nullptr;
}

// ---- attempts ----

bool NodeConnection::want(Time now) {
    if (!lifecycle_.start(now))
        return false;
    if (!read_)
        ended_.reset();
    attempt_deadline_ = after(now, options_.connect_timeout);
    dialer_.emplace(options_.name,
                    DialOptions{options_.epmd_port, options_.denied, options_.link.tick_time},
                    attempt_deadline_, now);
    after_dialing(now);
    return true;
}

void NodeConnection::after_dialing(Time now) {
    using Stage = Dialer::Stage;
    const Stage stage = dialer_->stage();
    if (stage == Stage::Failed)
        return end(dialer_->cause(), now);
    if (stage != Stage::LookUp && stage != Stage::Epmd && state() == LinkState::Resolving)
        lifecycle_.resolved(now);
    if (stage == Stage::Connected)
        begin_handshake(now);
}

LinkOptions NodeConnection::next_link(Time now) const {
    LinkOptions options = options_.link;
    options.handshake.challenge = system_random();
    // Each connection numbers its pids anew. An incarnation that is 0 to 3 has a special meaning.
    if (!options.handshake.own_alive.empty())
        options.handshake.creation = system_random() | 4U;
    options.handshake_timeout = std::max<Time>(0, attempt_deadline_ - now);
    return options;
}

void NodeConnection::begin_handshake(Time now) {
    socket_ = dialer_->take_socket();
    dialer_.reset();
    lifecycle_.connected(now);
    try {
        link_ = std::make_unique<Link>(next_link(now), options_.name, cookie_(), now);
    } catch (...) {
        end(Cause::CookieUnavailable, now);
        throw;
    }
    write(now);
}

void NodeConnection::drain(Time now) {
    if (link() == nullptr)
        return disconnect(now);
    link_->drain();
    settle(now);
}

void NodeConnection::disconnect(Time now) {
    if (link_) {
        link_->close();
        settle(now);
    } else if (dialer_)
        end(Cause::Disconnected, now);
    else if (state() != LinkState::Down)
        lifecycle_.closed(now);
}

// ---- bytes and time ----

bool NodeConnection::wants_read() const noexcept {
    return dialer_ ? dialer_->wants_read() : link_ != nullptr;
}

bool NodeConnection::wants_write() const noexcept {
    return dialer_ ? dialer_->wants_write() : link_ != nullptr && link_->output_bytes() > 0;
}

Time NodeConnection::next_deadline() const noexcept {
    if (dialer_)
        return dialer_->next_deadline();
    return link_ ? link_->next_deadline() : never;
}

void NodeConnection::on_ready(bool readable, bool writable, Time now) {
    if (dialer_) {
        if (readable || writable) {
            dialer_->on_ready(now);
            after_dialing(now);
        }
        return;
    }
    if (readable)
        read(now);
    write(now);
}

void NodeConnection::on_deadline(Time now) {
    if (now < next_deadline())
        return;
    if (dialer_) {
        dialer_->on_deadline(now);
        return after_dialing(now);
    }
    read(now); // or a peer would be held to be silent that we did not listen to
    if (!link_)
        return;
    link_->on_deadline(now);
    settle(now);
    write(now);
}

void NodeConnection::flush(Time now) {
    if (!dialer_)
        write(now);
}

void NodeConnection::read(Time now) {
    std::size_t left = most_moved;
    // What was read may be overwritten by the next bytes, so there are none before its news are
    // taken.
    while (link_ && !read_ && left > 0) {
        auto room = link_->room();
        if (room.empty())
            return;
        room = room.first(std::min(room.size(), left));
        const auto [bytes, ended] = socket_.read(room);
        if (ended)
            link_->on_end();
        else if (bytes > 0)
            link_->received(bytes, now);
        read_ = news_of_link(now);
        settle(now);
        if (bytes < room.size())
            return;
        left -= bytes;
    }
}

void NodeConnection::write(Time now) {
    if (!link_ || link_->output_bytes() == 0)
        return;
    if (socket_.peer_closed())
        return notice_end(now);
    std::size_t left = most_moved;
    std::array<std::string_view, most_parts> parts;
    while (link_ && link_->output_bytes() > 0 && left > 0) {
        std::size_t wanted = 0;
        const std::size_t count = link_->output(parts);
        for (std::size_t i = 0; i < count; ++i)
            wanted += parts[i].size();
        const auto [bytes, ended] = socket_.write(std::span(parts).first(count));
        if (ended)
            return notice_end(now);
        if (bytes > 0)
            link_->written(bytes, now);
        settle(now);
        if (bytes < wanted)
            return;
        left -= std::min(left, bytes);
    }
}

// Answers that came before the end are read first: it is met again behind them.
void NodeConnection::notice_end(Time now) {
    if (socket_.has_unread())
        return;
    link_->on_end();
    settle(now);
}

// ---- news ----

std::optional<ConnectionNews> NodeConnection::next_event(Time now) {
    if (read_)
        return std::exchange(read_, std::nullopt);
    if (news_.empty() && link_) {
        const auto news = news_of_link(now);
        settle(now);
        if (news)
            return news;
    }
    if (news_.empty())
        return std::nullopt;
    const ConnectionNews first = news_.front();
    news_.pop_front();
    return first;
}

// The next news of the link; that it is closed becomes news of ours.
std::optional<ConnectionNews> NodeConnection::news_of_link(Time now) {
    const auto news = link_->next_event(now);
    if (!news)
        return std::nullopt;
    switch (news->what) {
    case LinkNews::What::Up:
        lifecycle_.accepted(now);
        return ConnectionNews{ConnectionNews::What::Up};
    case LinkNews::What::Finished:
        return ConnectionNews{ConnectionNews::What::Finished,
                              news->cause,
                              news->request,
                              news->unsent,
                              news->value,
                              news->stack};
    case LinkNews::What::Closed:
        end(news->cause, now);
        break;
    }
    return std::nullopt;
}

// Follows where the link has gone by itself.
void NodeConnection::settle(Time now) {
    if (link_ && link_->state() == LinkState::Draining && state() == LinkState::Up)
        lifecycle_.retired(now);
    while (link_ && link_->state() == LinkState::Down)
        if (const auto news = news_of_link(now))
            news_.push_back(*news);
}

void NodeConnection::end(Cause cause, Time now) {
    const bool was_up = state() == LinkState::Up || state() == LinkState::Draining;
    if (link_) {
        std::array<std::string_view, most_parts> last_words;
        if (const std::size_t count = link_->output(last_words))
            socket_.write(std::span(last_words).first(count));
        counters_ += link_->counters();
        ended_ = std::move(link_);
    }
    dialer_.reset();
    socket_ = Socket();
    if (cause == Cause::Disconnected) {
        lifecycle_.closed(now);
    } else {
        last_cause_ = cause;
        lifecycle_.failed(now, system_random());
    }
    news_.push_back(
        {was_up ? ConnectionNews::What::Lost : ConnectionNews::What::AttemptFailed, cause});
}

} // namespace pgcrew::erlang_bridge
