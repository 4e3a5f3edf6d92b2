// Frames on their way to the socket. Each may be split by it anywhere; a tick is put between two
// frames, and a frame of which no byte went out can still be taken back.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>

namespace pgcrew::erlang_bridge {

class OutputQueue {
  public:
    // `owner` is the request that the frame starts, 0 if none.
    void push(std::string frame, std::uint64_t owner = 0);
    void push_tick(); // at the next boundary; a tick that waits already is enough

    bool empty() const noexcept { return frames_.empty(); }
    std::size_t bytes() const noexcept { return bytes_; }
    // What to write next, in order; returns how many of `out` it filled.
    std::size_t peek(std::span<std::string_view> out) const noexcept;
    void written(std::size_t bytes) noexcept;

    // Whether no byte of the owner's frame went out.
    bool unsent(std::uint64_t owner) const noexcept;
    bool take_back(std::uint64_t owner); // false if it is too late
    void clear() noexcept;

  private:
    struct Frame {
        std::string bytes;
        std::uint64_t owner;
    };
    std::deque<Frame>::const_iterator find_unsent(std::uint64_t owner) const noexcept;

    std::deque<Frame> frames_;
    std::size_t front_written_ = 0, bytes_ = 0;
    bool tick_waits_ = false;
};

} // namespace pgcrew::erlang_bridge
