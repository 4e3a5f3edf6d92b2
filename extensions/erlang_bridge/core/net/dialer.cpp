#include "core/net/dialer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

namespace pgcrew::erlang_bridge {
namespace {

constexpr Time look_again = milliseconds(5);

Cause cause_of(int error, Cause usual) noexcept {
    switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        return Cause::LimitReached;
    case ETIMEDOUT:
        return usual == Cause::ConnectionRefused ? Cause::Timeout : usual;
    default:
        return usual;
    }
}

} // namespace

Dialer::Dialer(const NodeName &peer, DialOptions options, Time deadline, Time now)
    : options_(std::move(options)), alive_(peer.alive()), deadline_(deadline),
      next_deadline_(deadline), resolver_(peer.host()) {
    look(now);
}

void Dialer::fail(Cause cause) noexcept {
    stage_ = Stage::Failed;
    cause_ = cause;
    socket_ = Socket();
    hears_ = false;
    next_deadline_ = never;
}

// ---- addresses ----

void Dialer::look(Time now) {
    auto found = resolver_.result();
    if (!found) {
        next_deadline_ = std::min(deadline_, after(now, look_again));
        return;
    }
    if (found->empty())
        return fail(Cause::HostUnknown);
    for (const Address &address : *found)
        if (!options_.denied.contains(address))
            addresses_.push_back(address);
    if (addresses_.empty())
        return fail(Cause::AddressDenied);
    begin(Stage::Epmd, now);
}

// Node: at the address whose epmd has answered, and if need be at the others. Epmd may listen at
// addresses where the node does not.
void Dialer::begin(Stage stage, Time now) {
    stage_ = stage;
    cause_ = Cause::None;
    left_ = addresses_.size();
    dial(now);
}

void Dialer::dial(Time now) {
    next_deadline_ = now + (deadline_ - now) / static_cast<Time>(left_);
    hears_ = false;
    if (stage_ == Stage::Epmd)
        query_.emplace(alive_);
    socket_ = Socket(addresses_[current_], stage_ == Stage::Epmd ? options_.epmd_port : port_,
                     options_.patience);
    if (const int error = socket_.error(); error != 0 && error != EINPROGRESS)
        on_connected(error, now);
}

// The cause of an attempt is that of the last address, but that one could not be reached says less
// than what another answered.
void Dialer::next_address(Cause why, Time now) {
    if (cause_ == Cause::None || why != Cause::EpmdUnreachable)
        cause_ = why;
    if (--left_ == 0 || now >= deadline_)
        return fail(cause_);
    current_ = (current_ + 1) % addresses_.size();
    dial(now);
}

// ---- what happens ----

void Dialer::on_ready(Time now) {
    if (socket_.fd() < 0 || stage_ == Stage::Connected)
        return;
    if (hears_)
        return ask_and_hear(now);
    if (const int error = socket_.error(); error != EINPROGRESS)
        on_connected(error, now);
}

void Dialer::on_connected(int error, Time now) {
    const bool epmd = stage_ == Stage::Epmd;
    if (error != 0)
        return next_address(
            cause_of(error, epmd ? Cause::EpmdUnreachable : Cause::ConnectionRefused), now);
    if (epmd)
        return ask_and_hear(now);
    stage_ = Stage::Connected;
    next_deadline_ = never;
}

void Dialer::ask_and_hear(Time now) {
    if (!hears_) {
        const std::string &question = query_->request();
        const std::array<std::string_view, 1> parts{question};
        // Of a new socket's buffer so few bytes take a small part.
        if (socket_.write(parts).bytes != question.size())
            return next_address(Cause::EpmdUnreachable, now);
        hears_ = true;
    }
    std::array<char, 512> buffer; // NOLINT: what was read is filled
    const auto [bytes, ended] = socket_.read(buffer);
    if (const auto answer =
            ended ? EpmdPortQuery::on_end() : query_->on_bytes({buffer.data(), bytes}))
        on_answer(*answer, now);
}

void Dialer::on_answer(const EpmdPortQuery::Answer &answer, Time now) {
    if (answer.cause != Cause::None)
        return next_address(answer.cause, now);
    port_ = answer.port;
    begin(Stage::Node, now);
}

void Dialer::on_deadline(Time now) {
    if (now < next_deadline_)
        return;
    if (stage_ == Stage::LookUp)
        return now < deadline_ ? look(now) : fail(Cause::Timeout);
    next_address(stage_ == Stage::Epmd && !hears_ ? Cause::EpmdUnreachable : Cause::Timeout, now);
}

} // namespace pgcrew::erlang_bridge
