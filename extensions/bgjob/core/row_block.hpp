// The unit in which rows travel: a header, then entries, each beginning at a multiple of eight
// bytes with its own length as a 32-bit number. An entry is a row (a MinimalTuple, which begins
// with its length) or, marked by the highest bit of the length, the description of a type of
// anonymous records; rows that use it follow.
//
// Pure: knows how entries lie, not what is in them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace pgcrew::bgjob {

struct BlockHeader {
    std::uint64_t next;  // where the next block lies in shared memory
    std::uint32_t bytes; // of the whole block, a multiple of 8
    std::uint32_t rows;
};
static_assert(sizeof(BlockHeader) == 16);

constexpr std::size_t align_entry(std::size_t n) noexcept { return (n + 7) & ~std::size_t{7}; }

// A block being filled. Its buffer is kept from block to block.
class BlockBuilder {
  public:
    explicit BlockBuilder(std::size_t capacity);

    // Zeroed room for a row of that many bytes, the length already set; null if it does not fit,
    // which never happens when make_room() was called for it.
    std::byte *add_row(std::uint32_t bytes) noexcept;
    // False if it does not fit.
    bool add_type(std::string_view description) noexcept;

    // For an empty block: lets one entry of that many bytes in, whatever the capacity.
    void make_room(std::size_t entry_bytes);
    void clear() noexcept; // and back to the usual capacity

    bool empty() const noexcept { return used_ == sizeof(BlockHeader); }
    std::uint32_t rows() const noexcept { return rows_; }
    std::size_t bytes() const noexcept { return used_; }
    const std::byte *seal() noexcept; // the finished block, header filled in

    static constexpr std::size_t type_entry_bytes(std::string_view description) noexcept {
        return sizeof(std::uint32_t) + description.size();
    }

  private:
    std::byte *add(std::size_t bytes) noexcept;

    const std::size_t usual_capacity_;
    std::size_t capacity_;
    std::unique_ptr<std::byte[]> buffer_;
    std::size_t used_ = sizeof(BlockHeader);
    std::uint32_t rows_ = 0;
};

struct BlockEntry {
    bool is_type;
    const std::byte *data; // of a row: the row, length included; of a type: its description
    std::uint32_t bytes;   // of data
};

// Walks the entries of a block. Trivially destructible.
class BlockCursor {
  public:
    explicit BlockCursor(const std::byte *block) noexcept;
    // Empty at the end; also where an entry would reach over the end of the block.
    std::optional<BlockEntry> next() noexcept;

  private:
    const std::byte *at_, *end_;
};

} // namespace pgcrew::bgjob
