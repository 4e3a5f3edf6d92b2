#include "core/link/output_queue.hpp"

#include <algorithm>
#include <utility>

namespace pgcrew::erlang_bridge {
namespace {

constexpr std::uint64_t nobody = 0;
constexpr std::size_t tick_size = 4; // only ticks are that short
constexpr std::size_t enough_together = 16384;

} // namespace

void OutputQueue::push(std::string frame, std::uint64_t owner) {
    bytes_ += frame.size();
    // Frames that nobody will take back lie together: many small ones would take several times
    // their own memory.
    if (owner == nobody && !frames_.empty() && frames_.back().owner == nobody &&
        frames_.back().bytes.size() > tick_size && frames_.back().bytes.size() < enough_together)
        frames_.back().bytes += frame;
    else
        frames_.push_back({std::move(frame), owner});
}

void OutputQueue::push_tick() {
    if (tick_waits_)
        return;
    const std::ptrdiff_t boundary = front_written_ > 0 ? 1 : 0;
    frames_.insert(frames_.begin() + boundary, {std::string(tick_size, '\0'), nobody});
    bytes_ += tick_size;
    tick_waits_ = true;
}

std::size_t OutputQueue::peek(std::span<std::string_view> out) const noexcept {
    const std::size_t count = std::min(out.size(), frames_.size());
    for (std::size_t i = 0; i < count; ++i)
        out[i] = std::string_view(frames_[i].bytes).substr(i == 0 ? front_written_ : 0);
    return count;
}

void OutputQueue::written(std::size_t bytes) noexcept {
    bytes_ -= bytes;
    while (bytes > 0) {
        const Frame &front = frames_.front();
        const std::size_t step = std::min(bytes, front.bytes.size() - front_written_);
        bytes -= step;
        front_written_ += step;
        if (front_written_ == front.bytes.size()) {
            if (front.bytes.size() == tick_size)
                tick_waits_ = false;
            frames_.pop_front();
            front_written_ = 0;
        }
    }
}

std::deque<OutputQueue::Frame>::const_iterator
OutputQueue::find_unsent(std::uint64_t owner) const noexcept {
    return std::find_if(frames_.begin() + (front_written_ > 0 ? 1 : 0), frames_.end(),
                        [owner](const Frame &frame) { return frame.owner == owner; });
}

bool OutputQueue::unsent(std::uint64_t owner) const noexcept {
    return find_unsent(owner) != frames_.end();
}

bool OutputQueue::take_back(std::uint64_t owner) {
    const auto found = find_unsent(owner);
    if (found == frames_.end())
        return false;
    bytes_ -= found->bytes.size();
    frames_.erase(found);
    return true;
}

void OutputQueue::clear() noexcept {
    frames_.clear();
    front_written_ = bytes_ = 0;
    tick_waits_ = false;
}

} // namespace pgcrew::erlang_bridge
