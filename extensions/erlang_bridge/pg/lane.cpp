#include "pg/lane.hpp"

#include "core/etf/reader.hpp"
#include "core/etf/writer.hpp"
#include "pg/log.hpp"
#include "pg/settings.hpp"

#include <algorithm>

namespace pgcrew::erlang_bridge {
namespace {

constexpr std::size_t batch_window = 512; // calls of a batch on their way at the same time

bool may_try_again(const Request &request, Cause cause, bool unsent) noexcept {
    return connection_lost(cause) && (unsent || request.idempotent) && !request.given_up;
}

std::string list_of_atom(std::string_view atom) {
    TermWriter writer;
    writer.list(1);
    writer.atom(atom);
    writer.nil();
    return writer.take();
}

void append_item(std::string &replies, int32 item, Cause cause, std::string_view value = {},
                 std::string_view stack = {}) {
    const ReplyHeader header{item, cause, static_cast<uint32>(value.size()),
                             static_cast<uint32>(stack.size())};
    replies.append(reinterpret_cast<const char *>(&header), sizeof header);
    replies.append(value).append(stack);
}

// Whether replies may take so much more shared memory.
bool fits(std::size_t size) noexcept {
    const int64 limit = static_cast<int64>(settings::result_memory) * 1024;
    return bridge().unread_bytes + static_cast<int64>(size) <= limit;
}

// The characters of a term that is a list of them.
struct Characters : TermVisitor {
    std::string text;
    void integer(std::int64_t value) override {
        if (value > ' ' && value < 127 && text.size() < sizeof(SharedNode::otp_release) - 1)
            text.push_back(static_cast<char>(value));
    }
};

std::string characters_of(std::string_view term) {
    Characters characters;
    try {
        (void)read_term(term, characters);
    } catch (const Error &) {
        characters.text.clear(); // whoever sends no term has no release
    }
    return characters.text;
}

} // namespace

Lane::Lane(NodeConnectionOptions options, NodeConnection::CookieSource cookie, int node, Time now)
    : connection(std::move(options), std::move(cookie), now), node_(node) {}

void Lane::add(Request &request, Time now) {
    if (connection.state() == LinkState::Up && waiting_.empty()) {
        send(request, now);
        return;
    }
    if (connection.state() != LinkState::Up && connection.breaker(now) == BreakerState::Open) {
        end(request, Cause::CircuitOpen);
        return;
    }
    waiting_.push_back(&request);
}

void Lane::send(Request &request, Time now) {
    const std::string_view payload = stored(request.payload, request.payload_size);
    switch (request.kind) {
    case RequestKind::Connect:
        end(request, Cause::None);
        return;
    case RequestKind::Call:
        send_call(request, payload, now);
        return;
    case RequestKind::Many:
        if (!batches_.contains(&request))
            batches_[&request].rest = payload;
        pump(request, batches_[&request], now);
        return;
    case RequestKind::Cast:
    case RequestKind::Send:
    case RequestKind::SendPid:
        send_message(request, payload, now);
        return;
    case RequestKind::Disconnect: // are not the lane's
    case RequestKind::SetCookie:
    case RequestKind::Forget:
        break;
    }
    end(request, Cause::None);
}

void Lane::send_call(Request &request, std::string_view payload, Time now) {
    const Item item = unpack(payload);
    const Link::Submitted submitted = connection.link()->call(
        {item.module, item.function, item.arguments}, request.deadline, now);
    if (submitted.id == 0)
        end(request, submitted.refused);
    else
        in_flight_[submitted.id] = {&request, 0};
}

void Lane::send_message(Request &request, std::string_view payload, Time now) {
    const Item item = unpack(payload);
    Link &link = *connection.link();
    const Cause cause = request.kind == RequestKind::Cast
                            ? link.cast({item.module, item.function, item.arguments}, now)
                        : request.kind == RequestKind::Send
                            ? link.send_to_name(item.function, item.arguments, now)
                            : link.send(item.function, item.arguments, now);
    ++counted.messages;
    end(request, cause);
}

// Keeps as many calls of the batch on their way as the window allows, or half of them: what is
// added then goes in one write. While the connection takes none, the rest waits for the next one.
void Lane::pump(Request &request, Batch &batch, Time now) {
    if (static_cast<std::size_t>(batch.open) > batch_window / 2)
        return;
    Link *link = connection.state() == LinkState::Up ? connection.link() : nullptr;
    while (link != nullptr && !batch.rest.empty() &&
           static_cast<std::size_t>(batch.open) < batch_window) {
        const Item item = unpack(batch.rest);
        const Link::Submitted submitted =
            link->call({item.module, item.function, item.arguments}, request.deadline, now);
        const auto number = static_cast<int32>(batch.items.size());
        batch.items.push_back(item);
        if (submitted.id == 0) {
            count(request, item, submitted.refused, now);
            append_item(batch.replies, number, submitted.refused);
        } else {
            in_flight_[submitted.id] = {&request, number};
            ++batch.open;
        }
    }
    if (batch.open > 0)
        return;
    if (batch.rest.empty())
        reply_to_batch(request);
    else if (disconnecting_)
        end(request, Cause::Disconnected);
    else
        waiting_.push_back(&request);
}

void Lane::reply_to_batch(Request &request) {
    const std::string replies = std::move(batches_[&request].replies);
    batches_.erase(&request);
    const dsa_pointer at = fits(replies.size()) ? try_store(replies) : InvalidDsaPointer;
    if (at == InvalidDsaPointer)
        end(request, Cause::LimitReached);
    else
        replies_.push_back({.request = &request, .at = at, .size = replies.size()});
}

// Of a batch, what has been answered stays answered.
void Lane::end(Request &request, Cause cause) {
    if (cause != Cause::None)
        ++counted.errors[static_cast<int>(cause)];
    const auto batch = batches_.find(&request);
    if (batch == batches_.end()) {
        replies_.push_back({.request = &request, .cause = cause});
        return;
    }
    for (auto n = static_cast<int32>(batch->second.items.size()); n < request.items; ++n)
        append_item(batch->second.replies, n, cause);
    reply_to_batch(request);
}

void Lane::end_waiting(Cause cause) {
    for (Request *request : std::exchange(waiting_, {}))
        end(*request, cause);
}

void Lane::end_late(Time now) {
    std::erase_if(waiting_, [&](Request *request) {
        if (now < request->deadline && !request->given_up)
            return false;
        end(*request, request->given_up ? Cause::Canceled : Cause::Timeout);
        return true;
    });
}

void Lane::cancel_given_up(Time now) {
    std::erase_if(in_flight_, [&](const auto &entry) {
        Request *request = entry.second.request;
        if (request == nullptr || !request->given_up)
            return false;
        if (Link *link = connection.link())
            (void)link->cancel(entry.first, now);
        const auto batch = batches_.find(request);
        if (batch == batches_.end() || --batch->second.open == 0)
            end(*request, Cause::Canceled);
        return true;
    });
    end_late(now);
    connection.flush(now);
}

void Lane::disconnect(Time now) {
    disconnecting_ = true;
    connection.disconnect(now);
    step(false, now);
    end_waiting(Cause::Disconnected);
    disconnecting_ = false;
}

void Lane::step(bool automatic, Time now) {
    take_news(now);
    end_late(now);
    if (!disconnecting_ && (automatic || !waiting_.empty()))
        guarded([&] { counted.attempts += connection.want(now) ? 1 : 0; });
    send_waiting(now);
    connection.flush(now);
    take_news(now);
}

// A handshake begins with the cookie, which may turn out to be no longer there.
template <class F> void Lane::guarded(F f) {
    try {
        f();
    } catch (const Error &error) {
        log_not_connected(nodes()[node_].name, error);
        end_waiting(Cause::CookieUnavailable);
    }
}

void Lane::on_ready(bool readable, bool writable, Time now) {
    guarded([&] { connection.on_ready(readable, writable, now); });
    take_news(now);
}

void Lane::on_deadline(Time now) {
    guarded([&] { connection.on_deadline(now); });
    take_news(now);
}

void Lane::take_news(Time now) {
    while (const std::optional<ConnectionNews> news = connection.next_event(now))
        on_news(*news, now);
}

void Lane::send_waiting(Time now) {
    while (!waiting_.empty() && connection.state() == LinkState::Up) {
        Request *request = waiting_.front();
        waiting_.pop_front();
        send(*request, now);
    }
}

Time Lane::next_deadline() const noexcept {
    Time next = connection.next_deadline();
    for (const Request *request : waiting_)
        next = std::min(next, request->deadline);
    const LinkState state = connection.state();
    if (state == LinkState::Backoff || state == LinkState::OpenCircuit)
        next = std::min(next, connection.retry_at());
    return next;
}

void Lane::on_news(const ConnectionNews &news, Time now) {
    switch (news.what) {
    case ConnectionNews::What::Up:
        on_up(now);
        break;
    case ConnectionNews::What::AttemptFailed:
        on_attempt_failed(news.cause);
        break;
    case ConnectionNews::What::Lost:
        log_lost(nodes()[node_].name, news.cause);
        break;
    case ConnectionNews::What::Finished:
        on_finished(news, now);
        break;
    }
}

void Lane::on_up(Time now) {
    ++counted.connects;
    log_connected(nodes()[node_].name);
    otp_release_.clear();
    Link *link = connection.link();
    if (link == nullptr)
        return; // it has ended again
    peer_flags_ = link->handshake().peer_flags();
    const std::string arguments = list_of_atom("otp_release");
    const auto asked =
        link->call({"erlang", "system_info", arguments}, after(now, seconds(60)), now);
    if (asked.id != 0)
        in_flight_[asked.id] = {nullptr, 0};
}

void Lane::on_attempt_failed(Cause cause) {
    log_attempt_failed(nodes()[node_].name, cause);
    if (!disconnecting_)
        end_waiting(cause);
}

void Lane::on_finished(const ConnectionNews &news, Time now) {
    const auto found = in_flight_.find(news.request);
    if (found == in_flight_.end())
        return;
    const InFlight call = found->second;
    in_flight_.erase(found);
    if (call.request == nullptr) {
        if (news.cause == Cause::None)
            otp_release_ = characters_of(news.value);
        return;
    }
    const auto batch = batches_.find(call.request);
    if (batch != batches_.end()) {
        on_item(*call.request, batch->second, call.item, news, now);
        return;
    }
    if (!disconnecting_ && may_try_again(*call.request, news.cause, news.unsent) &&
        now < call.request->deadline)
        waiting_.push_back(call.request);
    else
        reply(*call.request, news, now);
}

void Lane::on_item(Request &request, Batch &batch, int32 item, const ConnectionNews &news,
                   Time now) {
    --batch.open;
    count(request, batch.items[static_cast<std::size_t>(item)], news.cause, now);
    append_item(batch.replies, item, news.cause, news.value, news.stack);
    pump(request, batch, now);
}

void Lane::reply(Request &request, const ConnectionNews &news, Time now) {
    std::string_view payload = stored(request.payload, request.payload_size);
    count(request, unpack(payload), news.cause, now);
    const std::size_t size = news.value.size() + news.stack.size();
    Reply made{.request = &request, .cause = news.cause};
    if (size > 0) {
        made.at = fits(size) ? try_store(news.value, news.stack) : InvalidDsaPointer;
        if (made.at == InvalidDsaPointer) {
            made.cause = Cause::LimitReached;
        } else {
            made.size = size;
            made.value_size = static_cast<uint32>(news.value.size());
        }
    }
    replies_.push_back(made);
}

void Lane::count(const Request &request, const Item &item, Cause cause, Time now) {
    log_ended(nodes()[node_].name, request.id, cause);
    ++counted.calls;
    if (cause != Cause::None)
        ++counted.errors[static_cast<int>(cause)];
    count_function(node_, item, cause != Cause::None, now - request.made_at);
}

std::vector<Request *> Lane::retire(Time now) {
    connection.drain(now);
    if (connection.link() == nullptr)
        connection.disconnect(now); // it had not come to be
    take_news(now);
    const std::deque<Request *> left = std::exchange(waiting_, {});
    return {left.begin(), left.end()};
}

LinkCounters Lane::traffic() noexcept {
    const LinkCounters all = connection.counters();
    const LinkCounters fresh{all.bytes_in - told_.bytes_in, all.bytes_out - told_.bytes_out,
                             all.frames_in - told_.frames_in, all.dropped - told_.dropped};
    told_ = all;
    return fresh;
}

} // namespace pgcrew::erlang_bridge
