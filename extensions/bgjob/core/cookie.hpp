// A cookie for the day when the system has no strong random numbers.
#pragma once
#include <cstdint>
#include <initializer_list>

namespace pgcrew::bgjob {

// Mixes what distinguishes one call from all others into 64 bits, never 0 (the finalizer of
// SplitMix64, Steele, Lea and Flood 2014).
constexpr std::int64_t mix_cookie(std::initializer_list<std::uint64_t> parts) noexcept {
    std::uint64_t h = 0x9E3779B97F4A7C15U;
    for (std::uint64_t part : parts) {
        h += part + 0x9E3779B97F4A7C15U;
        h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9U;
        h = (h ^ (h >> 27)) * 0x94D049BB133111EBU;
        h ^= h >> 31;
    }
    return static_cast<std::int64_t>(h == 0 ? 1 : h);
}

} // namespace pgcrew::bgjob
