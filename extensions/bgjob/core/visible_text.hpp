// Text of users on its way into a drawing: one line, cut to a number of columns.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace pgcrew::bgjob {

// The text in at most so many columns, one for each character, with "..." in place of what does
// not fit. Line breaks, other control characters, those that turn the direction of writing, and
// bytes that are not UTF-8 are shown as \n, \u202e, \xff.
std::string fit(std::string_view text, std::size_t columns);

// As many characters as the drawing counts for a text that fit() gave.
std::size_t columns_of(std::string_view text);

} // namespace pgcrew::bgjob
