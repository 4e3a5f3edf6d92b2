#include "pg/jsonb_writer.hpp"

#include <algorithm>
#include <charconv>
#include <functional>

extern "C" {
#include <utils/fmgrprotos.h>
#include <utils/numeric.h>
}

namespace pgcrew::erlang_bridge {
namespace {

// Entering the server costs more than what it does at each step: many are done at once.
constexpr std::size_t batch_size = 256;
// Making the text of an integer of so many digits took its time: interrupts are served after it.
constexpr std::size_t long_number = 4096;
constexpr std::size_t room_size = 4096;

// The server doubles arrays of 32 bytes an element and 72 bytes a pair until they exceed 1 GB,
// which it reports as an error of its own.
constexpr std::size_t max_elements = std::size_t{1} << 24;
constexpr std::size_t max_pairs = std::size_t{1} << 23;
// So many times the largest term: an empty list is one byte of a term, and 200 in the making.
constexpr Size memory_factor = 16;
constexpr Size least_memory = Size{1} << 20;

[[noreturn]] void too_large(const std::string &detail) {
    throw Error(sqlstate::program_limit_exceeded, "Erlang term is too large for jsonb", detail);
}

} // namespace

JsonbWriter::JsonbWriter(std::string_view source, const Limits &limits)
    : source_(source), max_memory_(std::max(memory_factor * limits.bytes, least_memory)) {}

void JsonbWriter::null() { add(value_token(), Content::Null); }

void JsonbWriter::boolean(bool value) { add(value_token(), Content::Boolean, value ? 1 : 0); }

void JsonbWriter::number(std::string_view decimal) {
    int64 integer = 0;
    const char *end = decimal.data() + decimal.size();
    const auto [stop, error] = std::from_chars(decimal.data(), end, integer);
    if (error == std::errc() && stop == end)
        return add(value_token(), Content::Integer, integer);
    add(value_token(), Content::Number, decimal);
    if (decimal.size() > long_number)
        flush();
}

void JsonbWriter::string(std::string_view utf8) { add(value_token(), Content::String, utf8); }

void JsonbWriter::begin_array(std::size_t size) {
    if (size > max_elements)
        too_large("A list has " + std::to_string(size) + " elements, the limit is " +
                  std::to_string(max_elements) + ".");
    add(WJB_BEGIN_ARRAY, Content::None);
    objects_.push_back(false);
}

void JsonbWriter::end_array() {
    add(WJB_END_ARRAY, Content::None);
    objects_.pop_back();
}

void JsonbWriter::begin_object(std::size_t size) {
    if (size > max_pairs)
        too_large("A map has " + std::to_string(size) + " keys, the limit is " +
                  std::to_string(max_pairs) + ".");
    add(WJB_BEGIN_OBJECT, Content::None);
    objects_.push_back(true);
}

void JsonbWriter::key(std::string_view utf8) { add(WJB_KEY, Content::String, utf8); }

void JsonbWriter::end_object() {
    add(WJB_END_OBJECT, Content::None);
    objects_.pop_back();
}

JsonbIteratorToken JsonbWriter::value_token() const {
    if (objects_.empty())
        return WJB_DONE;
    return objects_.back() ? WJB_VALUE : WJB_ELEM;
}

void JsonbWriter::add(JsonbIteratorToken token, Content content, int64 integer) {
    Step step{token, content, 0, {}};
    step.integer = integer;
    add(step);
}

void JsonbWriter::add(JsonbIteratorToken token, Content content, std::string_view text) {
    if (text.size() > JENTRY_OFFLENMASK) // the server would take the length for something else
        too_large("A text has " + std::to_string(text.size()) + " bytes, the limit is " +
                  std::to_string(JENTRY_OFFLENMASK) + ".");
    const char *const end = source_.data() + source_.size();
    const bool stays = content == Content::String && !std::less<>{}(text.data(), source_.data()) &&
                       std::less<>{}(text.data(), end);
    add({token, content, static_cast<int>(text.size()), {stays ? text.data() : keep(text)}});
}

void JsonbWriter::add(const Step &step) {
    steps_.push_back(step);
    if (steps_.size() == batch_size)
        flush();
}

const char *JsonbWriter::keep(std::string_view text) {
    const auto allocate = [this](std::size_t size) {
        return call([&] { return static_cast<char *>(MemoryContextAlloc(memory_.get(), size)); });
    };
    const std::size_t size = text.size() + 1;
    char *copy = nullptr;
    if (size > room_size / 4) {
        copy = allocate(size);
    } else {
        if (size > room_left_) {
            room_left_ = 0;
            room_ = allocate(room_size);
            room_left_ = room_size;
        }
        copy = room_;
        room_ += size;
        room_left_ -= size;
    }
    memcpy(copy, text.data(), text.size());
    copy[text.size()] = '\0';
    return copy;
}

void JsonbWriter::flush() {
    const MemoryScope scope(memory_.get());
    call([this] {
        CHECK_FOR_INTERRUPTS();
        for (const Step &step : steps_)
            push(step);
    });
    steps_.clear();
    if (MemoryContextMemAllocated(memory_.get(), false) > max_memory_)
        too_large("To build it takes more than " + std::to_string(max_memory_ >> 20) +
                  " MB of memory.");
}

void JsonbWriter::push(const Step &step) {
    JsonbValue value{};
    switch (step.content) {
    case Content::None:
        return compat::push_jsonb(builder_, step.token, nullptr);
    case Content::Null:
        value.type = jbvNull;
        break;
    case Content::Boolean:
        value.type = jbvBool;
        value.val.boolean = step.integer != 0;
        break;
    case Content::Integer:
        value.type = jbvNumeric;
        value.val.numeric = int64_to_numeric(step.integer);
        break;
    case Content::Number:
        value.type = jbvNumeric;
        value.val.numeric =
            DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(step.text),
                                                ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
        break;
    case Content::String:
        value.type = jbvString;
        value.val.string.val = const_cast<char *>(step.text);
        value.val.string.len = step.size;
        break;
    }
    if (step.token == WJB_DONE)
        scalar_ = value;
    else
        compat::push_jsonb(builder_, step.token, &value);
}

::Jsonb *JsonbWriter::finish() {
    flush();
    return call([this] {
        return JsonbValueToJsonb(builder_.result != nullptr ? builder_.result : &scalar_);
    });
}

} // namespace pgcrew::erlang_bridge
