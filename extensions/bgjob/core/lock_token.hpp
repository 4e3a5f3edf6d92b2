// Lock tokens of Duroxide's contract: unguessable, and they say whose they are, so that no index is
// needed to find that. 32 hexadecimal digits, a colon, and the instance or the number of the row.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace pgcrew::bgjob {

inline constexpr std::size_t token_random_bytes = 16;

constexpr std::size_t token_length(std::string_view subject) noexcept {
    return 2 * token_random_bytes + 1 + subject.size();
}
// Writes token_length(subject) bytes.
void write_token(std::span<const unsigned char, token_random_bytes> random,
                 std::string_view subject, char *to) noexcept;

// Empty if it is no token.
std::optional<std::string_view> token_subject(std::string_view token) noexcept;
std::optional<std::int64_t> token_row(std::string_view token) noexcept;

} // namespace pgcrew::bgjob
