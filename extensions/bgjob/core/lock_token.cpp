#include "core/lock_token.hpp"

#include <algorithm>
#include <charconv>

namespace pgcrew::bgjob {
void write_token(std::span<const unsigned char, token_random_bytes> random,
                 std::string_view subject, char *to) noexcept {
    constexpr char digits[] = "0123456789abcdef";
    for (const unsigned char byte : random) {
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 15];
    }
    *to++ = ':';
    std::copy(subject.begin(), subject.end(), to);
}

std::optional<std::string_view> token_subject(std::string_view token) noexcept {
    constexpr std::size_t prefix = token_length({});
    if (token.size() < prefix || token[prefix - 1] != ':')
        return std::nullopt;
    return token.substr(prefix);
}

std::optional<std::int64_t> token_row(std::string_view token) noexcept {
    const std::optional<std::string_view> subject = token_subject(token);
    if (!subject)
        return std::nullopt;
    std::int64_t row = 0;
    const char *const end = subject->data() + subject->size();
    const auto [at, error] = std::from_chars(subject->data(), end, row);
    if (error != std::errc{} || at != end)
        return std::nullopt;
    return row;
}

} // namespace pgcrew::bgjob
