#include "core/etf/term_to_json.hpp"

#include "core/etf/container_forms.hpp"
#include "core/etf/float_text.hpp"
#include "core/etf/integer_text.hpp"
#include "core/etf/json_tag.hpp"
#include "core/etf/reader.hpp"
#include "core/etf/show.hpp"
#include "core/etf/tags.hpp"
#include "core/etf/text.hpp"

#include <cmath>

namespace pgcrew::erlang_bridge {
namespace {

constexpr std::size_t max_number_digits = 131072;        // of numeric before the point
constexpr std::size_t max_number_bytes = 435412 / 8 + 1; // which are so many bits

class JsonEmitter final : public TermVisitor {
  public:
    JsonEmitter(JsonSink &sink, const std::vector<Container> &containers, JsonForm form)
        : sink_(sink), next_(containers.begin()), exact_(form == JsonForm::Exact) {}

    void atom(std::string_view text) override;
    void integer(std::int64_t value) override;
    void big_integer(const BigInteger &value) override;
    void floating(double value) override;
    void binary(std::string_view bytes) override;
    void bit_string(const BitString &bits) override;
    void pid(const Pid &pid) override { identifier(JsonTag::Pid, pid.raw, show(pid)); }
    void port(const Port &port) override { identifier(JsonTag::Port, port.raw, show(port)); }
    void reference(const Reference &reference) override {
        identifier(JsonTag::Ref, reference.raw, show(reference));
    }
    void export_fun(const Export &fun) override;
    bool begin_fun(const Fun &fun) override;
    void begin_list(std::size_t size) override;
    void tail() override;
    void end_list() override;
    void begin_tuple(std::size_t size) override;
    void end_tuple() override;
    void begin_map(std::size_t pairs) override;
    void end_map() override;

  private:
    // What stands around the next value: of a map in either form, keys and values by turns.
    enum class Place : std::uint8_t { Array, TaggedArray, Cons, Text, Object, Pairs };
    struct Open {
        Place place;
        bool at_value = false;
    };

    bool at_key_of_object() const noexcept {
        return !open_.empty() && open_.back().place == Place::Object && !open_.back().at_value;
    }
    void value_begins();
    void value_ends();
    void key(std::string_view text);
    void begin_tag(JsonTag tag, std::size_t keys = 1);
    void tagged_string(JsonTag tag, std::string_view text);
    void identifier(JsonTag tag, std::string_view raw, const std::string &shown);
    std::string with_version(std::string_view raw) const;

    JsonSink &sink_;
    std::vector<Container>::const_iterator next_;
    const bool exact_;
    std::vector<Open> open_;
    std::string text_; // of the list that is being written as a string
};

void JsonEmitter::value_begins() {
    if (!open_.empty() && open_.back().place == Place::Pairs && !open_.back().at_value)
        sink_.begin_array(2);
}

void JsonEmitter::value_ends() {
    if (open_.empty())
        return;
    Open &parent = open_.back();
    if (parent.place == Place::Pairs && parent.at_value)
        sink_.end_array();
    parent.at_value = !parent.at_value;
}

void JsonEmitter::key(std::string_view text) {
    sink_.key(text);
    value_ends();
}

void JsonEmitter::begin_tag(JsonTag tag, std::size_t keys) {
    sink_.begin_object(keys);
    sink_.key(key_of(tag));
}

void JsonEmitter::tagged_string(JsonTag tag, std::string_view text) {
    begin_tag(tag);
    sink_.string(text);
    sink_.end_object();
}

std::string JsonEmitter::with_version(std::string_view raw) const {
    std::string bytes(1, static_cast<char>(etf_version));
    return to_base64(bytes.append(raw));
}

void JsonEmitter::identifier(JsonTag tag, std::string_view raw, const std::string &shown) {
    value_begins();
    const bool can_show = is_json_text(shown);
    begin_tag(tag, can_show ? 2 : 1);
    sink_.string(with_version(raw));
    if (can_show) {
        sink_.key(show_key);
        sink_.string(shown);
    }
    sink_.end_object();
    value_ends();
}

void JsonEmitter::atom(std::string_view text) {
    if (at_key_of_object())
        return key(text);
    value_begins();
    if (text == "true" || text == "false") {
        sink_.boolean(text == "true");
    } else if (text == "null" || (!exact_ && (text == "undefined" || text == "nil"))) {
        sink_.null();
    } else if (!is_json_text(text)) { // the character 0
        begin_tag(JsonTag::Atom);
        tagged_string(JsonTag::Bin, to_base64(text));
        sink_.end_object();
    } else if (exact_) {
        tagged_string(JsonTag::Atom, text);
    } else {
        sink_.string(text);
    }
    value_ends();
}

void JsonEmitter::integer(std::int64_t value) {
    if (!open_.empty() && open_.back().place == Place::Text)
        return append_utf8(text_, static_cast<char32_t>(value));
    value_begins();
    sink_.number(std::to_string(value));
    value_ends();
}

void JsonEmitter::big_integer(const BigInteger &value) {
    value_begins();
    std::string decimal;
    if (value.magnitude.size() <= max_number_bytes)
        decimal = to_decimal(value);
    if (!decimal.empty() && decimal.size() <= max_number_digits + (value.negative ? 1 : 0))
        sink_.number(decimal);
    else
        tagged_string(JsonTag::Int, to_hex(value));
    value_ends();
}

void JsonEmitter::floating(double value) {
    value_begins();
    if (exact_ && value == 0 && std::signbit(value))
        tagged_string(JsonTag::Float, "-0.0");
    else
        sink_.number(float_text(value));
    value_ends();
}

void JsonEmitter::binary(std::string_view bytes) {
    if (at_key_of_object())
        return key(bytes);
    value_begins();
    if (is_json_text(bytes))
        sink_.string(bytes);
    else
        tagged_string(JsonTag::Bin, to_base64(bytes));
    value_ends();
}

void JsonEmitter::bit_string(const BitString &bits) {
    value_begins();
    begin_tag(JsonTag::Bits);
    sink_.begin_array(2);
    std::string bytes(bits.bytes);
    bytes.back() =
        static_cast<char>(static_cast<std::uint8_t>(bytes.back()) & (0xFF00 >> bits.last_bits));
    sink_.string(to_base64(bytes));
    sink_.number(std::to_string(bits.last_bits));
    sink_.end_array();
    sink_.end_object();
    value_ends();
}

void JsonEmitter::export_fun(const Export &fun) {
    value_begins();
    const std::string shown = show(fun);
    // With a colon in its name the module could not be told from the function.
    const bool readable = fun.module.find(':') == std::string_view::npos && is_json_text(shown);
    tagged_string(JsonTag::Fun, readable ? shown : with_version(fun.raw));
    value_ends();
}

bool JsonEmitter::begin_fun(const Fun &fun) {
    value_begins();
    tagged_string(JsonTag::Fun, with_version(fun.raw));
    value_ends();
    return false;
}

void JsonEmitter::begin_list(std::size_t size) {
    value_begins();
    const Container list = size > 0 ? *next_++ : Container{0, ContainerForm::Array};
    if (list.form == ContainerForm::Text) {
        text_.clear();
        return open_.push_back({Place::Text});
    }
    if (list.form == ContainerForm::Cons) {
        begin_tag(JsonTag::Cons);
        sink_.begin_array(2);
    }
    sink_.begin_array(list.size);
    open_.push_back({list.form == ContainerForm::Cons ? Place::Cons : Place::Array});
}

void JsonEmitter::tail() { sink_.end_array(); }

void JsonEmitter::end_list() {
    const Place place = open_.back().place;
    open_.pop_back();
    if (place == Place::Text)
        sink_.string(text_);
    else
        sink_.end_array();
    if (place == Place::Cons)
        sink_.end_object();
    value_ends();
}

void JsonEmitter::begin_tuple(std::size_t size) {
    value_begins();
    if (exact_)
        begin_tag(JsonTag::Tuple);
    sink_.begin_array(size);
    open_.push_back({exact_ ? Place::TaggedArray : Place::Array});
}

void JsonEmitter::end_tuple() {
    const Place place = open_.back().place;
    open_.pop_back();
    sink_.end_array();
    if (place == Place::TaggedArray)
        sink_.end_object();
    value_ends();
}

void JsonEmitter::begin_map(std::size_t pairs) {
    value_begins();
    const ContainerForm form = pairs > 0 ? (next_++)->form : ContainerForm::Object;
    if (form == ContainerForm::Object) {
        sink_.begin_object(pairs);
        return open_.push_back({Place::Object});
    }
    begin_tag(JsonTag::Map);
    sink_.begin_array(pairs);
    open_.push_back({Place::Pairs});
}

void JsonEmitter::end_map() {
    const Place place = open_.back().place;
    open_.pop_back();
    if (place == Place::Pairs)
        sink_.end_array();
    sink_.end_object();
    value_ends();
}

} // namespace

void external_to_json(std::string_view bytes, JsonSink &sink, const ConversionOptions &options,
                      const Limits &limits) {
    ContainerForms forms(options);
    read_whole_external(bytes, forms, limits);
    JsonEmitter emitter(sink, forms.result(), options.form);
    read_whole_external(bytes, emitter, limits);
}

void term_to_json(std::string_view bytes, JsonSink &sink, const ConversionOptions &options,
                  const Limits &limits) {
    ContainerForms forms(options);
    read_whole_term(bytes, forms, limits);
    JsonEmitter emitter(sink, forms.result(), options.form);
    read_whole_term(bytes, emitter, limits);
}

} // namespace pgcrew::erlang_bridge
