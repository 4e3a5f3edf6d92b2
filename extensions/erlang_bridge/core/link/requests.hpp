// The calls in flight on one connection: who waits, until when, and which process of the peer works
// for them. The number of a call is that of the pid it was made with.
#pragma once
#include "core/link/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pgcrew::erlang_bridge {

using RequestId = std::uint64_t;

class Requests {
  public:
    struct Request {
        Time deadline;
        bool given_up = false; // nobody waits any more: kill the process as soon as it is known
        std::string process;   // of the peer, as a raw term; empty until it is known
    };

    void add(RequestId id, Time deadline);
    Request *find(RequestId id) noexcept;
    void give_up(RequestId id); // keeps it, without a deadline
    void erase(RequestId id);

    std::size_t size() const noexcept { return requests_.size(); } // those given up included
    std::size_t waiting() const noexcept { return requests_.size() - given_up_; }

    Time next_deadline() const noexcept;
    std::optional<RequestId> expired(Time now) const noexcept; // the first one

    std::vector<RequestId> take_all(); // that wait, in the order they were made

  private:
    std::unordered_map<RequestId, Request> requests_;
    std::set<std::pair<Time, RequestId>> deadlines_;
    std::size_t given_up_ = 0;
};

} // namespace pgcrew::erlang_bridge
