// The worker's side of one node: its connections, its limits, and what the views show of it.
#pragma once
#include "pg/lane.hpp"
#include "pgcrew/token_bucket.hpp"

#include <memory>
#include <unordered_map>
#include <vector>

namespace pgcrew::erlang_bridge {

class WorkedNode {
  public:
    WorkedNode(int index, Time now);

    uint32 generation() const noexcept { return generation_; }
    // Also those that are on their way out.
    std::vector<std::unique_ptr<Lane>> &lanes() noexcept { return lanes_; }

    // The settings may have changed: then there are new connections, and the old ones leave when
    // their requests have ended.
    void renew(Time now);

    void take(Request &request, Time now);
    void cancel_given_up(Time now);
    void step(Time now);
    Time next_deadline() const noexcept;
    std::vector<Reply> take_replies();
    // Writes what the views show; cheap when nothing has changed.
    void publish(Time now, bool even_if_soon);

  private:
    std::unique_ptr<Lane> make_lane(Time now) const;
    void make_lanes(Time now);
    void replace_draining(Time now);
    Lane &lane_for(const Request &request) noexcept;
    void forget_retired();
    bool admit(const Request &request, Time now);

    int index_;
    uint32 generation_;
    std::vector<std::unique_ptr<Lane>> lanes_; // the first `current_` of them take requests
    std::size_t current_ = 0;
    std::string made_with_; // settings
    std::unordered_map<Oid, TokenBucket> role_buckets_;
    TokenBucket bytes_;
    std::vector<Reply> own_replies_;
    Time published_at_ = 0;
    LinkState shown_state_ = LinkState::Down;
};

} // namespace pgcrew::erlang_bridge
