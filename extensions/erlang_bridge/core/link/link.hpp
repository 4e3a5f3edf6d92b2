// One connection to an Erlang node, from the moment its socket is connected: handshake, frames,
// ticks, calls. Bytes and the time go in; bytes and events come out. It has no socket, no clock and
// no thread, so a test or a fuzzer can be the peer.
//
// Its owner reads into room() and says received(); writes what output() gives and says written();
// calls on_deadline() at next_deadline(), after it has read what there was to read; and after each
// of these, and after each request, takes next_event() until there is none.
#pragma once
#include "core/link/control.hpp"
#include "core/link/frame_reader.hpp"
#include "core/link/frames.hpp"
#include "core/link/handshake.hpp"
#include "core/link/link_state.hpp"
#include "core/link/liveness.hpp"
#include "core/link/outcome.hpp"
#include "core/link/output_queue.hpp"
#include "core/link/requests.hpp"

#include <deque>
#include <optional>

namespace pgcrew::erlang_bridge {

struct LinkOptions {
    HandshakeOptions handshake;
    Time handshake_timeout = seconds(7);
    Time tick_time = seconds(60);
    Time idle_timeout = never, max_age = never;
    std::size_t max_frame = (std::size_t{64} << 20U) + 4096; // a term and what is around it
    // An answer that is longer than that, but not this long, fails its call only.
    std::size_t max_skipped = std::size_t{1} << 30U;
    std::size_t max_output = std::size_t{128} << 20U;
    std::size_t max_requests = 16384;
};

struct LinkNews {
    enum class What : std::uint8_t { Up, Finished, Closed };
    What what;
    Cause cause = Cause::None;         // of Finished and Closed
    RequestId request = 0;             // of Finished
    bool unsent = false;               // Finished: certainly nothing of the call reached the peer
    std::string_view value{}, stack{}; // Finished: raw terms, valid until room() or received()
};

struct LinkCounters {
    std::uint64_t bytes_in = 0, bytes_out = 0, frames_in = 0;
    std::uint64_t dropped = 0; // frames that nobody waited for

    LinkCounters &operator+=(const LinkCounters &other) noexcept {
        bytes_in += other.bytes_in;
        bytes_out += other.bytes_out;
        frames_in += other.frames_in;
        dropped += other.dropped;
        return *this;
    }
};

class Link {
  public:
    Link(const LinkOptions &options, const NodeName &peer, Cookie cookie, Time now);

    // Handshake, Up, Draining or Down.
    LinkState state() const noexcept { return state_; }
    const Handshake &handshake() const noexcept { return handshake_; }
    const LinkCounters &counters() const noexcept { return counters_; }
    std::size_t waiting() const noexcept { return requests_.waiting(); }
    bool calls_by_rex() const noexcept { return by_rex_; } // the peer refuses to spawn for us

    std::span<char> room() { return input_.room(); }
    void received(std::size_t bytes, Time now);
    void on_end(); // the peer closed, or the socket failed

    std::size_t output(std::span<std::string_view> out) const noexcept { return output_.peek(out); }
    std::size_t output_bytes() const noexcept { return output_.bytes(); }
    void written(std::size_t bytes, Time now);

    Time next_deadline() const noexcept;
    void on_deadline(Time now);

    std::optional<LinkNews> next_event(Time now);

    // The call's number or, with 0, why there is none. Throws pgcrew::Error for a module or
    // function that is no atom.
    struct Submitted {
        RequestId id;
        Cause refused;
    };
    Submitted call(const FunctionCall &call, Time deadline, Time now);
    // These are over once they are queued; None, or why they are not.
    Cause cast(const FunctionCall &call, Time now);
    Cause send(std::string_view to, std::string_view message, Time now);
    Cause send_to_name(std::string_view name, std::string_view message, Time now);

    // Nothing more is heard of the call, and its process is killed; false if it is over.
    bool cancel(RequestId id, Time now);

    void drain(); // no new requests; closes when those in flight are finished
    void close(); // at once

  private:
    Cause admit(std::size_t bytes) const noexcept;
    template <class MakeFrame> Cause queue(std::size_t bytes, Time now, MakeFrame frame);
    RequestId next_number() noexcept { return ++last_number_; }

    void on_handshake_bytes();
    void begin_calls();
    void on_first_outcome(const Outcome &outcome, std::string_view process);
    std::optional<LinkNews> checked_frame(std::string_view frame, Time now);
    std::optional<LinkNews> oversized_frame(std::string_view beginning, Time now);
    std::optional<LinkNews> on_frame(const ControlMessage &message, Time now);
    std::optional<LinkNews> on_exit(const ControlMessage &message, Time now);
    std::optional<LinkNews> on_send(const ControlMessage &message, Time now);
    std::optional<LinkNews> on_spawn_reply(const ControlMessage &message, Time now);
    void on_link(const ControlMessage &message);
    std::optional<LinkNews> finish(RequestId id, const Outcome &outcome, Time now);
    void abandon(RequestId id);
    void fail(Cause cause);
    void close_if_drained();

    const LinkOptions options_;
    LinkState state_ = LinkState::Handshake;
    Handshake handshake_;
    Identity self_{"", 0};
    Liveness liveness_;
    FrameReader input_;
    ControlReader control_;
    OutputQueue output_;
    Requests requests_;
    std::deque<LinkNews> news_; // without terms
    LinkCounters counters_;
    std::string group_leader_; // of the processes that run our calls; a raw term
    RequestId last_number_ = 0, first_call_ = 0;
    bool by_rex_ = false;
    Time begun_at_, idle_since_ = never;
};

} // namespace pgcrew::erlang_bridge
