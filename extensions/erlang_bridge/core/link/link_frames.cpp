// What a link makes of the frames that come.
#include "core/etf/byte_source.hpp"
#include "core/etf/identifiers.hpp"
#include "core/etf/tags.hpp"
#include "core/etf/writer.hpp"
#include "core/link/link.hpp"
#include "pgcrew/error.hpp"

namespace pgcrew::erlang_bridge {

std::optional<LinkNews> Link::next_event(Time now) {
    for (;;) {
        if (!news_.empty()) {
            const LinkNews first = news_.front();
            news_.pop_front();
            return first;
        }
        if (state_ == LinkState::Down || !handshake_.done())
            return std::nullopt;
        const auto [found, frame] = input_.next();
        if (found == FrameReader::Found::Nothing)
            return std::nullopt;
        if (found == FrameReader::Found::Tick)
            output_.push_tick();
        else if (found == FrameReader::Found::TooLong) {
            if (auto news = oversized_frame(frame, now))
                return news;
        } else if (auto news = checked_frame(frame, now))
            return news;
    }
}

std::optional<LinkNews> Link::checked_frame(std::string_view frame, Time now) {
    ++counters_.frames_in;
    try {
        return on_frame(control_.read(frame), now);
    } catch (const Error &) {
        fail(Cause::ProtocolError);
        return std::nullopt;
    }
}

// An answer passes by and fails its call; anything else so long ends the connection.
std::optional<LinkNews> Link::oversized_frame(std::string_view beginning, Time now) {
    RequestId id = 0;
    try {
        const ControlMessage message =
            beginning.empty() ? ControlMessage{} : control_.read(beginning);
        if (message.kind == ControlMessage::Kind::Exit ||
            message.kind == ControlMessage::Kind::Send)
            id = self_.number_of(message.to);
    } catch (const Error &) {
        fail(Cause::ProtocolError);
        return std::nullopt;
    }
    if (id == 0 || id == first_call_) {
        fail(Cause::LimitReached);
        return std::nullopt;
    }
    ++counters_.frames_in;
    input_.skip_frame();
    if (requests_.find(id) == nullptr)
        return std::nullopt; // it was given up
    return finish(id, {Cause::LimitReached, {}, {}}, now);
}

std::optional<LinkNews> Link::on_frame(const ControlMessage &message, Time now) {
    using Kind = ControlMessage::Kind;
    switch (message.kind) {
    case Kind::Exit:
        return on_exit(message, now);
    case Kind::SpawnReply:
        return on_spawn_reply(message, now);
    case Kind::Send:
        return on_send(message, now);
    case Kind::Link:
    case Kind::UnlinkId:
        on_link(message);
        break;
    case Kind::Other:
        ++counters_.dropped;
        break;
    }
    return std::nullopt;
}

// A peer that asks and never reads may not fill our memory.
void Link::on_link(const ControlMessage &message) {
    const RequestId id = self_.number_of(message.to);
    const bool begins = message.kind == ControlMessage::Kind::Link;
    if (id == 0 || (begins && requests_.find(id) != nullptr))
        return;
    if (output_.bytes() > options_.max_output)
        return fail(Cause::LimitReached);
    output_.push(begins ? no_process_frame(self_, id, message.from.raw)
                        : unlink_ack_frame(self_, message.unlink_id, id, message.from.raw));
}

std::optional<LinkNews> Link::on_spawn_reply(const ControlMessage &message, Time now) {
    const RequestId id = self_.number_of(message.request);
    Requests::Request *request = requests_.find(id);
    if (request == nullptr || !request->process.empty() || self_.number_of(message.to) != id) {
        ++counters_.dropped; // of a cast, or said twice
        return std::nullopt;
    }
    if (message.spawned.raw.empty())
        return finish(id, {Cause::RemoteError, message.term, {}}, now);
    request->process = message.spawned.raw;
    if (!request->given_up && message.linked)
        return std::nullopt;
    output_.push(
        kill_frame(self_, id, message.spawned.raw)); // without a link nobody tells us its end
    return finish(id, {Cause::ProtocolError, {}, {}}, now);
}

std::optional<LinkNews> Link::on_exit(const ControlMessage &message, Time now) {
    const RequestId id = self_.number_of(message.to);
    const Requests::Request *request = requests_.find(id);
    if (request == nullptr || request->process != message.from.raw) {
        ++counters_.dropped;
        return std::nullopt;
    }
    return finish(id, outcome_of_exit(message.term, self_, id), now);
}

std::optional<LinkNews> Link::on_send(const ControlMessage &message, Time now) {
    const RequestId id = self_.number_of(message.to);
    if (!by_rex_ || requests_.find(id) == nullptr) {
        ++counters_.dropped;
        return std::nullopt;
    }
    return finish(id, outcome_of_rex(message.term), now);
}

std::optional<LinkNews> Link::finish(RequestId id, const Outcome &outcome, Time now) {
    const Requests::Request *request = requests_.find(id);
    if (id == first_call_) {
        on_first_outcome(outcome, request->process);
        requests_.erase(id);
        state_ = LinkState::Up;
        idle_since_ = now;
        return LinkNews{LinkNews::What::Up};
    }
    const bool waited_for = !request->given_up;
    requests_.erase(id);
    idle_since_ = now;
    close_if_drained();
    if (!waited_for)
        return std::nullopt;
    return LinkNews{
        LinkNews::What::Finished, outcome.cause, id, false, outcome.value, outcome.stack};
}

// ---- the first call ----

// Processes that we start need a group leader of the peer: output of a process led by us would wait
// for us for ever. The peer's process `user` is it; asking for it also shows whether the peer lets
// us start processes at all.
void Link::begin_calls() {
    self_ = Identity(handshake_.own_name(), handshake_.own_creation());
    first_call_ = next_number();
    TermWriter ourselves, arguments;
    ourselves.pid(self_.pid(first_call_));
    arguments.list(1);
    arguments.atom("user");
    arguments.nil();
    output_.push(
        call_frame(self_, first_call_, ourselves.bytes(), {"erlang", "whereis", arguments.bytes()}),
        first_call_);
    requests_.add(first_call_, never); // the handshake's deadline holds
}

void Link::on_first_outcome(const Outcome &outcome, std::string_view process) {
    by_rex_ = outcome.cause != Cause::None;
    if (by_rex_)
        return;
    // A node without `user` has its place taken by a process that is gone: output fails at once.
    group_leader_ = process;
    ByteSource in(outcome.value);
    if (in.left() > 0 && static_cast<Tag>(in.byte()) == Tag::new_pid) {
        std::string buffer;
        group_leader_ = read_pid(in, Tag::new_pid, buffer).raw;
    }
}

} // namespace pgcrew::erlang_bridge
