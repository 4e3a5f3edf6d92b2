#include "core/tally.hpp"

#include "pgcrew/error.hpp"

#include <algorithm>
#include <string>

namespace tally {

void check_word(std::string_view word) {
    if (word.empty() || word.size() > word_bytes)
        throw pgcrew::Error(pgcrew::sqlstate::invalid_parameter_value,
                            "word must have 1 to " + std::to_string(word_bytes) + " bytes");
}

std::optional<std::int64_t> add(Tally &tally, std::string_view word, int limit) noexcept {
    auto *const end = tally.entries.data() + tally.used;
    auto *entry = std::find_if(tally.entries.data(), end, [word](const Entry &known) {
        return word == std::string_view(known.word.data());
    });
    if (entry == end) {
        if (tally.used >= limit)
            return std::nullopt;
        ++tally.used;
        *entry = {};
        std::copy(word.begin(), word.end(), entry->word.begin());
    }
    return ++entry->count;
}

} // namespace tally
