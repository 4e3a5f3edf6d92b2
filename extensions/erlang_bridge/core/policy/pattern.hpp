// Patterns of names: `*` stands for any run of characters, all else for itself.
#pragma once
#include <string_view>

namespace pgcrew::erlang_bridge {

// In time proportional to the product of the sizes at worst, without memory.
bool matches(std::string_view pattern, std::string_view text) noexcept;

bool is_literal(std::string_view pattern) noexcept;

// A name of a node or a pattern of such names.
bool valid_node_pattern(std::string_view pattern);

// Patterns separated by commas; blanks around them do not count, nor do empty ones.
bool valid_node_list(std::string_view list);
bool matches_any(std::string_view list, std::string_view node) noexcept;

} // namespace pgcrew::erlang_bridge
