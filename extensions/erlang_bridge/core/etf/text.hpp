// Texts: UTF-8, Latin-1 and base64.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pgcrew::erlang_bridge {

// The number of characters; empty when the bytes are not UTF-8 (surrogates and overlong forms are
// not).
std::optional<std::size_t> utf8_length(std::string_view bytes) noexcept;

// Takes the first character off a text that is UTF-8 and not empty.
char32_t take_character(std::string_view &utf8) noexcept;
void append_utf8(std::string &text, char32_t character);
std::string latin1_to_utf8(std::string_view latin1);

// Jsonb holds UTF-8 without the character 0.
bool is_json_text(std::string_view bytes) noexcept;

// With padding, by the alphabet with + and /.
std::string to_base64(std::string_view bytes);
// Empty when the text is anything but what to_base64() writes.
std::optional<std::string> from_base64(std::string_view text);

} // namespace pgcrew::erlang_bridge
