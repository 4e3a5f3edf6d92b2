// Counts of words: plain data, so that it can lie in shared memory, and knows no server.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tally {

inline constexpr std::size_t word_bytes = 31;
inline constexpr int most_words = 100;

struct Entry {
    std::array<char, word_bytes + 1> word;
    std::int64_t count;
};

struct Tally {
    std::array<Entry, most_words> entries;
    int used;
};

// 22023 unless it has 1 to word_bytes bytes.
void check_word(std::string_view word);

// Counts one more of a word that was checked; nullopt if there are `limit` others.
std::optional<std::int64_t> add(Tally &tally, std::string_view word, int limit) noexcept;

} // namespace tally
