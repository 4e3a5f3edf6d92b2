#include "core/policy/pattern.hpp"

#include "core/link/node_name.hpp"

#include <algorithm>

namespace pgcrew::erlang_bridge {
namespace {

constexpr std::size_t longest_name = 255;

bool in_node_name(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("_-.:@*").find(c) != std::string_view::npos;
}

std::string_view without_blanks(std::string_view text) noexcept {
    constexpr std::string_view blanks = " \t\n\r";
    const std::size_t first = text.find_first_not_of(blanks);
    return first == std::string_view::npos
               ? std::string_view()
               : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// The first item that is not empty is cut off the list; empty when there is none.
std::string_view next_item(std::string_view &list) noexcept {
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        const std::string_view item = without_blanks(list.substr(0, comma));
        list.remove_prefix(std::min(comma + 1, list.size()));
        if (!item.empty())
            return item;
    }
    return {};
}

} // namespace

bool matches(std::string_view pattern, std::string_view text) noexcept {
    const std::size_t first = pattern.find('*');
    if (first == std::string_view::npos)
        return pattern == text;
    const std::string_view head = pattern.substr(0, first);
    const std::string_view tail = pattern.substr(pattern.rfind('*') + 1);
    if (text.size() < head.size() + tail.size() || text.substr(0, head.size()) != head ||
        text.substr(text.size() - tail.size()) != tail)
        return false;
    // Between the first and the last star, each part is taken where it first fits: nothing that a
    // later choice could gain, so there is no way back.
    text = text.substr(head.size(), text.size() - head.size() - tail.size());
    pattern = pattern.substr(first, pattern.size() - tail.size() - first);
    while (!pattern.empty()) {
        pattern.remove_prefix(1); // a star
        const std::string_view part = pattern.substr(0, pattern.find('*'));
        const std::size_t at = text.find(part);
        if (at == std::string_view::npos)
            return false;
        text.remove_prefix(at + part.size());
        pattern.remove_prefix(part.size());
    }
    return true;
}

bool is_literal(std::string_view pattern) noexcept {
    return pattern.find('*') == std::string_view::npos;
}

bool valid_node_pattern(std::string_view pattern) {
    if (is_literal(pattern))
        return NodeName::parse(pattern).has_value();
    return pattern.size() <= longest_name && std::count(pattern.begin(), pattern.end(), '@') <= 1 &&
           std::all_of(pattern.begin(), pattern.end(), in_node_name);
}

bool valid_node_list(std::string_view list) {
    for (std::string_view item = next_item(list); !item.empty(); item = next_item(list))
        if (!valid_node_pattern(item))
            return false;
    return true;
}

bool matches_any(std::string_view list, std::string_view node) noexcept {
    for (std::string_view item = next_item(list); !item.empty(); item = next_item(list))
        if (matches(item, node))
            return true;
    return false;
}

} // namespace pgcrew::erlang_bridge
