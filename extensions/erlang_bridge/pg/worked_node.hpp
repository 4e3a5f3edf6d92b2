// The worker's side of one node: its connections, its limits, and what the views show of it.
#pragma once
#include "core/link/token_bucket.hpp"
#include "pg/lane.hpp"

#include <memory>
#include <unordered_map>
#include <vector>

namespace pgcrew::erlang_bridge {

class WorkedNode {
  public:
    WorkedNode(int index, Time now);

    uint32 generation() const noexcept { return generation_; }
    std::vector<std::unique_ptr<Lane>> &lanes() noexcept { return lanes_; }

    void take(Request &request, Time now);
    void cancel_given_up(Time now);
    void step(Time now);
    Time next_deadline() const noexcept;
    bool idle() const noexcept; // nothing connected and nothing to do
    std::vector<Reply> take_replies();
    // Writes what the views show; cheap when nothing has changed.
    void publish(Time now, bool now_or_never);

  private:
    Lane &lane_for(const Request &request) noexcept;
    bool admit(const Request &request, Time now);

    int index_;
    uint32 generation_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::unordered_map<Oid, TokenBucket> role_buckets_;
    TokenBucket bytes_;
    std::vector<Reply> own_replies_;
    Time published_at_ = 0;
    LinkCounters published_{};
    LinkState shown_state_ = LinkState::Down;
};

} // namespace pgcrew::erlang_bridge
