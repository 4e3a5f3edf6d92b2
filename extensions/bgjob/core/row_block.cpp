#include "core/row_block.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace pgcrew::bgjob {
namespace {

constexpr std::uint32_t type_mark = 0x80000000U;

} // namespace

BlockBuilder::BlockBuilder(std::size_t capacity)
    : usual_capacity_(capacity), capacity_(capacity),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(capacity)) {}

std::byte *BlockBuilder::add(std::size_t bytes) noexcept {
    const std::size_t room = align_entry(bytes);
    if (room > capacity_ - used_)
        return nullptr;
    std::byte *at = buffer_.get() + used_;
    std::memset(at, 0, room);
    used_ += room;
    return at;
}

std::byte *BlockBuilder::add_row(std::uint32_t bytes) noexcept {
    std::byte *at = add(bytes);
    if (at != nullptr) {
        std::memcpy(at, &bytes, sizeof bytes);
        ++rows_;
    }
    return at;
}

bool BlockBuilder::add_type(std::string_view description) noexcept {
    const std::size_t bytes = type_entry_bytes(description);
    std::byte *at = add(bytes);
    if (at == nullptr)
        return false;
    const std::uint32_t length = static_cast<std::uint32_t>(bytes) | type_mark;
    std::memcpy(at, &length, sizeof length);
    std::memcpy(at + sizeof length, description.data(), description.size());
    return true;
}

void BlockBuilder::make_room(std::size_t entry_bytes) {
    const std::size_t needed = sizeof(BlockHeader) + align_entry(entry_bytes);
    if (needed <= capacity_)
        return;
    buffer_ = std::make_unique_for_overwrite<std::byte[]>(needed);
    capacity_ = needed;
}

void BlockBuilder::clear() noexcept {
    used_ = sizeof(BlockHeader);
    rows_ = 0;
    if (capacity_ == usual_capacity_)
        return;
    // One large row does not keep its memory; without memory for a usual block it may.
    if (auto *usual = new (std::nothrow) std::byte[usual_capacity_]) {
        buffer_.reset(usual);
        capacity_ = usual_capacity_;
    }
}

const std::byte *BlockBuilder::seal() noexcept {
    const BlockHeader header{0, static_cast<std::uint32_t>(used_), rows_};
    std::memcpy(buffer_.get(), &header, sizeof header);
    return buffer_.get();
}

BlockCursor::BlockCursor(const std::byte *block) noexcept {
    BlockHeader header;
    std::memcpy(&header, block, sizeof header);
    at_ = block + sizeof header;
    end_ = block + std::max<std::size_t>(header.bytes, sizeof header);
}

std::optional<BlockEntry> BlockCursor::next() noexcept {
    const auto left = static_cast<std::size_t>(end_ - at_);
    std::uint32_t length = 0;
    if (left < sizeof length)
        return std::nullopt;
    std::memcpy(&length, at_, sizeof length);
    const bool is_type = (length & type_mark) != 0;
    length &= ~type_mark;
    if (length < sizeof length || align_entry(length) > left)
        return std::nullopt;
    const std::byte *entry = at_;
    at_ += align_entry(length);
    if (is_type)
        return BlockEntry{true, entry + sizeof length, length - std::uint32_t{sizeof length}};
    return BlockEntry{false, entry, length};
}

} // namespace pgcrew::bgjob
