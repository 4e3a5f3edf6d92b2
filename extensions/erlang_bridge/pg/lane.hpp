// The worker's side of one connection: which requests wait for it, which are on their way, and what
// becomes of them. Replies are collected; the worker's loop hands them over, many at a time.
#pragma once
#include "core/net/node_connection.hpp"
#include "pg/function_statistics.hpp"
#include "pg/requests.hpp"

#include <deque>
#include <unordered_map>
#include <vector>

namespace pgcrew::erlang_bridge {

class Lane {
  public:
    Lane(NodeConnectionOptions options, NodeConnection::CookieSource cookie, int node, Time now);

    NodeConnection connection;

    // The connection's own, and what they have brought is taken at once.
    void on_ready(bool readable, bool writable, Time now);
    void on_deadline(Time now);

    void add(Request &request, Time now);
    // Drops requests that were given up.
    void cancel_given_up(Time now);
    // Ends the connection; what is under way fails.
    void disconnect(Time now);
    // Takes what has happened, tries again what may be, ends what is too late.
    void step(bool automatic, Time now);
    Time next_deadline() const noexcept;

    std::size_t in_flight() const noexcept { return in_flight_.size(); }
    std::size_t waiting() const noexcept { return waiting_.size(); }
    std::vector<Reply> take_replies() noexcept { return std::exchange(replies_, {}); }
    const std::string &otp_release() const noexcept { return otp_release_; }
    std::uint64_t peer_flags() const noexcept { return peer_flags_; }

    // Nothing connected, and nothing to do.
    bool idle() const noexcept {
        return connection.state() == LinkState::Down && in_flight_.empty() && waiting_.empty() &&
               replies_.empty();
    }
    // Takes no more requests, and ends when those on their way have; returns those that wait.
    std::vector<Request *> retire(Time now);
    LinkCounters traffic() noexcept; // since this was last asked

    NodeCounters counted{}; // since the worker's loop has looked

  private:
    struct InFlight {
        Request *request; // null: our own question
        int32 item;
    };
    struct Batch {
        std::string_view rest;   // items not sent yet
        std::vector<Item> items; // those that were
        int32 open = 0;
        std::string replies;
    };

    void send(Request &request, Time now);
    void send_call(Request &request, std::string_view payload, Time now);
    void send_message(Request &request, std::string_view payload, Time now);
    void pump(Request &request, Batch &batch, Time now);
    void send_waiting(Time now);
    void end(Request &request, Cause cause);
    void end_waiting(Cause cause);
    void end_late(Time now);

    template <class F> void guarded(F f);
    void take_news(Time now);
    void on_news(const ConnectionNews &news, Time now);
    void on_up(Time now);
    void on_attempt_failed(Cause cause);
    void on_finished(const ConnectionNews &news, Time now);
    void on_item(Request &request, Batch &batch, int32 item, const ConnectionNews &news, Time now);
    void reply_to_batch(Request &request);
    void reply(Request &request, const ConnectionNews &news, Time now);
    void count(const Request &request, const Item &item, Cause cause, Time now);

    int node_;
    std::deque<Request *> waiting_; // for the connection
    std::unordered_map<RequestId, InFlight> in_flight_;
    std::unordered_map<Request *, Batch> batches_;
    std::vector<Reply> replies_;
    std::string otp_release_;
    std::uint64_t peer_flags_ = 0;
    LinkCounters told_{};        // by traffic()
    bool disconnecting_ = false; // on purpose: nothing is tried again
};

} // namespace pgcrew::erlang_bridge
