#include "core/etf/json_to_term.hpp"

#include "core/etf/float_text.hpp"
#include "core/etf/integer_text.hpp"
#include "core/etf/sendable.hpp"
#include "core/etf/tagged_text.hpp"
#include "core/etf/text.hpp"
#include "pgcrew/error.hpp"

#include <charconv>

namespace pgcrew::erlang_bridge {
namespace {

constexpr std::size_t max_key_atoms = 64;

[[noreturn]] void wrong_events() {
    throw Error(sqlstate::internal_error,
                "JSON events do not make one value of the announced size");
}

} // namespace

// A value that is a term of its own begins: is it allowed here?
void JsonToTerm::term_begins() {
    if (open_.empty()) {
        ++values_;
        return;
    }
    Open &parent = open_.back();
    switch (parent.place) {
    case Place::List:
    case Place::Tuple:
    case Place::Pair:
    case Place::Elements:
    case Place::Object:
        break;
    case Place::Cons:
        if (parent.values == 0)
            bad_value_of(JsonTag::Cons);
        break;
    case Place::Held: // it is not a string, so this is no tag
        begin_plain_object();
        plain_key(held_key_);
        break;
    case Place::Shown:
        begin_plain_object();
        plain_key(held_key_);
        plain_string(held_text_);
        plain_key(show_key);
        break;
    case Place::Pairs:
    case Place::Bits:
    case Place::AtomBytes:
    case Place::Tagged:
        bad_value_of(parent.tag);
    case Place::Undecided:
        wrong_events();
    }
    ++parent.values;
}

void JsonToTerm::null() {
    term_begins();
    writer_.atom(options_.null_atom);
}

void JsonToTerm::boolean(bool value) {
    term_begins();
    writer_.boolean(value);
}

void JsonToTerm::number(std::string_view decimal) {
    if (!open_.empty() && open_.back().place == Place::Bits && open_.back().values == 1) {
        if (decimal.size() != 1 || decimal[0] < '1' || decimal[0] > '7')
            bad_value_of(JsonTag::Bits);
        ++open_.back().values;
        return writer_.bit_string({bit_bytes_, static_cast<std::uint8_t>(decimal[0] - '0')});
    }
    term_begins();
    std::int64_t small = 0;
    const char *end = decimal.data() + decimal.size();
    const auto [stop, error] = std::from_chars(decimal.data(), end, small);
    if (error == std::errc() && stop == end)
        return writer_.integer(small);
    const Decimal number = parse_decimal(decimal);
    if (number.fraction > 0)
        writer_.floating(float_of(decimal, number, options_.strict_numbers));
    else
        writer_.big_integer({number.negative, magnitude_of_decimal(number.digits)});
}

void JsonToTerm::string(std::string_view utf8) {
    if (special_string(utf8))
        return;
    term_begins();
    plain_string(utf8);
}

// A string that is part of a tag, or may turn out to be.
bool JsonToTerm::special_string(std::string_view text) {
    if (open_.empty())
        return false;
    Open &parent = open_.back();
    switch (parent.place) {
    case Place::Tagged:
        tagged_string(parent.tag, text);
        break;
    case Place::Shown:
        tagged_string(parent.tag, held_text_);
        break;
    case Place::Held:
        held_text_ = text;
        break;
    case Place::AtomBytes:
    case Place::Bits: {
        auto bytes = from_base64(text);
        if (!bytes || (parent.place == Place::Bits && (parent.values > 0 || bytes->empty())))
            bad_value_of(parent.tag);
        if (parent.place == Place::Bits)
            bit_bytes_ = std::move(*bytes);
        else
            writer_.atom(*bytes);
        break;
    }
    default:
        return false;
    }
    ++parent.values;
    return true;
}

void JsonToTerm::tagged_string(JsonTag tag, std::string_view text) {
    needs_check_ = needs_check_ || has_show(tag) || tag == JsonTag::Fun;
    if (tag == JsonTag::Str)
        charlist(text);
    else
        write_tagged_text(writer_, tag, text);
}

void JsonToTerm::begin_array(std::size_t size) {
    if (special_array(size))
        return;
    term_begins();
    open(Place::List, size);
    if (size > 0) {
        enter_level();
        writer_.list(size);
    }
}

// An array that is part of a tag.
bool JsonToTerm::special_array(std::size_t size) {
    if (open_.empty())
        return false;
    Open &parent = open_.back();
    if (parent.place == Place::Tagged) {
        ++parent.values;
        array_of_tag(size);
    } else if (parent.place == Place::Pairs) {
        if (size != 2)
            bad_value_of(JsonTag::Map);
        ++parent.values;
        open(Place::Pair, size);
    } else if (parent.place == Place::Cons && parent.values == 0) {
        if (size == 0)
            bad_value_of(JsonTag::Cons);
        ++parent.values;
        open(Place::Elements, size);
        enter_level();
        writer_.list(size);
    } else {
        return false;
    }
    return true;
}

void JsonToTerm::array_of_tag(std::size_t size) {
    const JsonTag tag = open_.back().tag;
    switch (tag) {
    case JsonTag::Tuple:
        open(Place::Tuple, size);
        enter_level();
        return writer_.tuple(size);
    case JsonTag::Map:
        needs_check_ = true;
        open(Place::Pairs, size, tag);
        enter_level();
        return writer_.map(size);
    case JsonTag::Cons:
    case JsonTag::Bits:
        if (size != 2)
            bad_value_of(tag);
        return open(tag == JsonTag::Cons ? Place::Cons : Place::Bits, size, tag);
    default:
        bad_value_of(tag);
    }
}

void JsonToTerm::end_array() {
    const bool is_list = !open_.empty() && open_.back().place == Place::List;
    close();
    if (is_list)
        writer_.nil();
}

void JsonToTerm::begin_object(std::size_t size) {
    if (!open_.empty() && open_.back().place == Place::Tagged &&
        open_.back().tag == JsonTag::Atom && size == 1) {
        ++open_.back().values;
        return open(Place::AtomBytes, size);
    }
    term_begins();
    open(Place::Undecided, size);
    if (size != 1 && size != 2)
        begin_plain_object();
}

void JsonToTerm::begin_plain_object() {
    open_.back().place = Place::Object;
    enter_level();
    writer_.map(open_.back().size);
}

void JsonToTerm::key(std::string_view utf8) {
    if (open_.empty())
        wrong_events();
    switch (open_.back().place) {
    case Place::Undecided:
        return decide(utf8);
    case Place::Held:
        return decide_held(utf8);
    case Place::Object:
        return plain_key(utf8);
    case Place::AtomBytes:
        if (tag_of(utf8) != JsonTag::Bin)
            bad_value_of(JsonTag::Atom);
        return;
    default:
        wrong_events();
    }
}

// The first key of an object that may be a tag.
void JsonToTerm::decide(std::string_view key) {
    Open &object = open_.back();
    const auto tag = tag_of(key);
    object.tag = tag.value_or(JsonTag::Atom);
    if (object.size == 1 && tag) {
        object.place = Place::Tagged;
    } else if (object.size == 2 && (key == show_key || (tag && has_show(*tag)))) {
        object.place = Place::Held;
        held_key_ = key;
    } else {
        begin_plain_object();
        plain_key(object.size == 1 ? unescaped(key).value_or(key) : key);
    }
}

// The second key, when the first and its string wait.
void JsonToTerm::decide_held(std::string_view key) {
    Open &object = open_.back();
    const auto tag = tag_of(key);
    if (held_key_ == show_key && tag && has_show(*tag)) {
        object.place = Place::Tagged;
        object.tag = *tag;
    } else if (held_key_ != show_key && key == show_key) {
        object.place = Place::Shown;
    } else {
        begin_plain_object();
        plain_key(held_key_);
        plain_string(held_text_);
        plain_key(key);
    }
}

void JsonToTerm::end_object() { close(); }

void JsonToTerm::plain_key(std::string_view text) {
    if (!options_.atom_keys)
        return writer_.binary(text);
    if (!key_atoms_.contains(text)) {
        if (key_atoms_.size() == max_key_atoms)
            throw Error(sqlstate::invalid_parameter_value, "too many different keys to be atoms",
                        "At most " + std::to_string(max_key_atoms) + " are made atoms in one call.",
                        R"(Send keys as binaries, or as {"$map":[[{"$atom":...},...]]}.)");
        key_atoms_.emplace(text);
    }
    writer_.atom(text);
}

void JsonToTerm::plain_string(std::string_view text) {
    if (options_.charlists)
        charlist(text);
    else
        writer_.binary(text);
}

void JsonToTerm::charlist(std::string_view text) {
    const auto characters = utf8_length(text);
    if (!characters)
        throw Error(sqlstate::invalid_parameter_value, "string is not valid UTF-8");
    if (*characters > 0)
        writer_.list(*characters);
    while (!text.empty())
        writer_.integer(take_character(text));
    writer_.nil();
}

void JsonToTerm::open(Place place, std::size_t size, JsonTag tag) {
    open_.push_back({place, size, tag});
}

void JsonToTerm::enter_level() {
    if (++depth_ > writer_.limits().depth)
        throw Error(sqlstate::statement_too_complex, "JSON is nested too deeply for an Erlang term",
                    "The limit is " + std::to_string(writer_.limits().depth) + " levels.");
    open_.back().is_level = true;
}

void JsonToTerm::close() {
    if (open_.empty() || open_.back().values != open_.back().size)
        wrong_events();
    depth_ -= open_.back().is_level ? 1 : 0;
    open_.pop_back();
}

void JsonToTerm::finish() {
    if (values_ != 1 || !open_.empty())
        wrong_events();
    if (needs_check_)
        check_sendable(std::string_view(writer_.bytes()).substr(start_), options_,
                       writer_.limits());
}

} // namespace pgcrew::erlang_bridge
