#include "core/link/frame_reader.hpp"

#include "core/link/big_endian.hpp"

#include <algorithm>
#include <cstring>

namespace pgcrew::erlang_bridge {

std::size_t FrameReader::announced() const noexcept {
    if (end_ - begin_ < header)
        return 0;
    return header + std::size_t{number_at<std::uint32_t>({buffer_.get() + begin_, header})};
}

void FrameReader::move_to(std::size_t capacity) {
    auto buffer = std::make_unique_for_overwrite<char[]>(capacity);
    const std::size_t used = end_ - begin_;
    if (used > 0)
        std::memcpy(buffer.get(), buffer_.get() + begin_, used);
    buffer_ = std::move(buffer);
    capacity_ = capacity;
    begin_ = 0;
    end_ = used;
}

std::span<char> FrameReader::room() {
    const std::size_t used = end_ - begin_;
    const std::size_t whole = skipping_ > 0 ? 0 : announced();
    const std::size_t wanted =
        whole > header + max_frame_ ? usual_capacity : std::max(usual_capacity, whole);
    if (used == 0) {
        begin_ = end_ = 0;
        if (capacity_ > wanted)
            buffer_.reset();
    }
    // Pages of a large buffer that are not written to cost nothing: a frame that is announced and
    // never comes takes no memory. A large buffer ends with its frame, so little is ever copied.
    if (capacity_ < wanted || !buffer_)
        move_to(wanted);
    else if (end_ == capacity_) {
        std::memmove(buffer_.get(), buffer_.get() + begin_, used);
        begin_ = 0;
        end_ = used;
    }
    return {buffer_.get() + end_, capacity_ - end_};
}

FrameReader::Next FrameReader::next() noexcept {
    const std::size_t skipped = std::min(skipping_, end_ - begin_);
    begin_ += skipped;
    skipping_ -= skipped;
    const std::size_t whole = announced();
    if (whole == 0 || skipping_ > 0)
        return {Found::Nothing, {}};
    if (whole == header) {
        begin_ += header;
        return {Found::Tick, {}};
    }
    const bool too_long = whole - header > max_frame_;
    if (too_long && whole - header > max_skipped_)
        return {Found::TooLong, {}};
    const std::size_t needed = too_long ? std::min(whole, header + beginning) : whole;
    if (end_ - begin_ < needed)
        return {Found::Nothing, {}};
    const std::string_view frame(buffer_.get() + begin_ + header, needed - header);
    if (too_long)
        return {Found::TooLong, frame};
    begin_ += whole;
    return {Found::Frame, frame};
}

} // namespace pgcrew::erlang_bridge
