#include "core/etf/container_forms.hpp"

#include "core/etf/json_tag.hpp"
#include "core/etf/text.hpp"

#include <algorithm>
#include <functional>

namespace pgcrew::erlang_bridge {
namespace {

// As io_lib:printable_unicode_list/1 has it.
bool is_printable(std::int64_t c) noexcept {
    return (c >= 8 && c <= 13) || c == 27 || (c >= 32 && c <= 126) || (c >= 0xA0 && c < 0xD800) ||
           (c >= 0xE000 && c < 0xFFFE) || (c >= 0x10000 && c <= 0x10FFFF);
}

} // namespace

// `key`: its text, should it be a key and one that an object can have.
void ContainerForms::value_begins(std::optional<std::string_view> key, bool printable) {
    if (open_.empty())
        return;
    Open &parent = open_.back();
    parent.proper_text = parent.proper_text && printable;
    if (parent.kind != Kind::Map)
        return;
    parent.at_key = !parent.at_key;
    if (!parent.at_key)
        return;
    if (key)
        text_key(parent, *key);
    else
        parent.text_keys = false;
}

void ContainerForms::text_key(Open &map, std::string_view text) {
    hashes_.push_back(std::hash<std::string_view>()(text));
    const auto tag = tag_of(text);
    map.like_tag = map.like_tag || tag || unescaped(text);
    map.like_shown = map.like_shown || (tag && has_show(*tag));
    map.has_show_key = map.has_show_key || text == show_key;
}

// Keys with equal hashes are taken for equal: {"$map":...} is right for any map.
bool ContainerForms::keys_differ(const Open &map) {
    const auto first = hashes_.begin() + static_cast<std::ptrdiff_t>(map.first_hash);
    std::sort(first, hashes_.end());
    return std::adjacent_find(first, hashes_.end()) == hashes_.end();
}

void ContainerForms::open(Kind kind, std::size_t size) {
    open_.push_back({kind, result_.size(), hashes_.size()});
    if (kind != Kind::Tuple && size > 0)
        result_.push_back({static_cast<std::uint32_t>(size), ContainerForm::Array});
}

void ContainerForms::atom(std::string_view text) {
    if (options_.form == JsonForm::Natural && text.find('\0') == std::string_view::npos)
        value_begins(text);
    else
        value_begins();
}

void ContainerForms::integer(std::int64_t value) { value_begins({}, is_printable(value)); }

void ContainerForms::binary(std::string_view bytes) {
    if (key_is_next() && is_json_text(bytes))
        value_begins(bytes);
    else
        value_begins();
}

void ContainerForms::begin_list(std::size_t size) {
    value_begins();
    open(Kind::List, size);
}

void ContainerForms::more_elements(std::size_t size) {
    result_[open_.back().index].size += static_cast<std::uint32_t>(size);
}

void ContainerForms::tail() { result_[open_.back().index].form = ContainerForm::Cons; }

void ContainerForms::end_list() {
    const Open list = open_.back();
    open_.pop_back();
    if (list.index == result_.size()) // it is empty
        return;
    Container &container = result_[list.index];
    if (container.form == ContainerForm::Array && list.proper_text && options_.charlists &&
        options_.form == JsonForm::Natural)
        container.form = ContainerForm::Text;
}

void ContainerForms::begin_tuple(std::size_t size) {
    value_begins();
    open(Kind::Tuple, size);
}

void ContainerForms::begin_map(std::size_t pairs) {
    value_begins();
    open(Kind::Map, pairs);
}

void ContainerForms::end_map() {
    const Open map = open_.back();
    open_.pop_back();
    const bool differ = keys_differ(map);
    const std::size_t keys = hashes_.size() - map.first_hash;
    hashes_.resize(map.first_hash);
    if (map.index == result_.size()) // it is empty
        return;
    const bool mistakable =
        (keys == 1 && map.like_tag) || (keys == 2 && map.like_shown && map.has_show_key);
    result_[map.index].form =
        map.text_keys && differ && !mistakable ? ContainerForm::Object : ContainerForm::Pairs;
}

} // namespace pgcrew::erlang_bridge
