// Lengths of time counted in buckets whose width grows with the value, so that a percentile is
// right within 1/32 of itself. Plain numbers only: it may lie in shared memory, where the owner
// keeps the counters in a form of its own and uses bucket_of() and percentile() on them.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace pgcrew::erlang_bridge {

class Histogram {
  public:
    static constexpr unsigned sub_bits = 4; // 16 buckets for each doubling
    static constexpr unsigned value_bits = 32;
    static constexpr std::size_t buckets = (value_bits - sub_bits + 1) << sub_bits;

    // Values too large for the last bucket are counted there.
    static constexpr std::size_t bucket_of(std::uint64_t value) noexcept {
        if (value >> value_bits != 0)
            return buckets - 1;
        const auto width = static_cast<unsigned>(std::bit_width(value));
        if (width <= sub_bits)
            return static_cast<std::size_t>(value);
        const unsigned shift = width - sub_bits - 1; // 16 <= value >> shift < 32
        return (std::size_t{shift} << sub_bits) + static_cast<std::size_t>(value >> shift);
    }
    // The value in the middle of a bucket.
    static constexpr std::uint64_t middle_of(std::size_t bucket) noexcept {
        if (bucket < std::size_t{2} << sub_bits)
            return bucket;
        const std::size_t shift = (bucket >> sub_bits) - 1;
        const std::uint64_t lowest = (bucket & 0xFU) + (std::uint64_t{1} << sub_bits);
        return (lowest << shift) + (std::uint64_t{1} << shift) / 2;
    }
    // The value below which that share (0 to 1) of all counted ones lies; 0 if none was counted.
    static std::uint64_t percentile(std::span<const std::uint32_t, buckets> counts,
                                    double share) noexcept;

    void add(std::uint64_t value) noexcept;
    std::uint64_t percentile(double share) const noexcept { return percentile(counts_, share); }
    void reset() noexcept { counts_.fill(0); }

  private:
    std::array<std::uint32_t, buckets> counts_{};
};

} // namespace pgcrew::erlang_bridge
