#include "core/link/requests.hpp"

#include <algorithm>

namespace pgcrew::erlang_bridge {

void Requests::add(RequestId id, Time deadline) {
    requests_.emplace(id, Request{deadline, false, {}});
    if (deadline != never)
        deadlines_.emplace(deadline, id);
}

Requests::Request *Requests::find(RequestId id) noexcept {
    const auto found = requests_.find(id);
    return found == requests_.end() ? nullptr : &found->second;
}

void Requests::give_up(RequestId id) {
    Request *request = find(id);
    if (request == nullptr || request->given_up)
        return;
    deadlines_.erase({request->deadline, id});
    request->given_up = true;
    ++given_up_;
}

void Requests::erase(RequestId id) {
    const auto found = requests_.find(id);
    if (found == requests_.end())
        return;
    deadlines_.erase({found->second.deadline, id});
    given_up_ -= found->second.given_up ? 1 : 0;
    requests_.erase(found);
}

Time Requests::next_deadline() const noexcept {
    return deadlines_.empty() ? never : deadlines_.begin()->first;
}

std::optional<RequestId> Requests::expired(Time now) const noexcept {
    if (now < next_deadline())
        return std::nullopt;
    return deadlines_.begin()->second;
}

std::vector<RequestId> Requests::take_all() {
    std::vector<RequestId> waiting;
    for (const auto &[id, request] : requests_)
        if (!request.given_up)
            waiting.push_back(id);
    std::sort(waiting.begin(), waiting.end());
    requests_.clear();
    deadlines_.clear();
    given_up_ = 0;
    return waiting;
}

} // namespace pgcrew::erlang_bridge
