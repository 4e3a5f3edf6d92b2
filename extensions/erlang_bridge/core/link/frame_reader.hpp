// Bytes of the socket, cut into frames: a length of 32 bits and that many bytes; a length of 0 is
// a tick. The buffer grows to the frame that is announced, within a limit that is checked as soon
// as the length is there, and comes back to its usual size after it.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace pgcrew::erlang_bridge {

class FrameReader {
  public:
    // Frames that are longer, but not longer than `max_skipped`, can be let pass by.
    explicit FrameReader(std::size_t max_frame, std::size_t max_skipped = 0) noexcept
        : max_frame_(max_frame), max_skipped_(max_skipped) {}

    // Where the next bytes go, never empty; what was returned by next() is no longer valid.
    std::span<char> room();
    void received(std::size_t bytes) noexcept { end_ += bytes; }

    enum class Found { Nothing, Tick, Frame, TooLong };
    struct Next {
        Found what;
        std::string_view frame; // valid until room(); TooLong: its beginning, if it may be skipped
    };
    Next next() noexcept;
    // Of a frame that is too long: lets it pass by.
    void skip_frame() noexcept { skipping_ = announced(); }

    // What comes before the first frame.
    std::string_view unread() const noexcept { return {buffer_.get() + begin_, end_ - begin_}; }
    void skip(std::size_t bytes) noexcept { begin_ += bytes; }

    std::size_t capacity() const noexcept { return capacity_; }

  private:
    static constexpr std::size_t usual_capacity = std::size_t{64} << 10U;
    static constexpr std::size_t header = 4;
    static constexpr std::size_t beginning = 4096; // holds any control message but what ends it

    void move_to(std::size_t capacity);
    std::size_t announced() const noexcept; // bytes of the next frame, header included; or 0

    std::size_t max_frame_, max_skipped_;
    std::unique_ptr<char[]> buffer_;
    std::size_t capacity_ = 0, begin_ = 0, end_ = 0; // the bytes in use
    std::size_t skipping_ = 0;                       // bytes that are thrown away when they come
};

} // namespace pgcrew::erlang_bridge
