#include "core/etf/tagged_text.hpp"

#include "core/etf/float_text.hpp"
#include "core/etf/integer_text.hpp"
#include "core/etf/reader.hpp"
#include "core/etf/text.hpp"
#include "pgcrew/error.hpp"

#include <charconv>

namespace pgcrew::erlang_bridge {
namespace {

// Writes the one term it is told of, in today's form, if it is of the kind that the tag asks for.
class Copy final : public TermVisitor {
  public:
    Copy(TermWriter &writer, JsonTag tag) : writer_(writer), tag_(tag) {}
    bool copied() const noexcept { return copied_; }

    void pid(const Pid &pid) override {
        if (accept(JsonTag::Pid))
            writer_.pid(pid);
    }
    void port(const Port &port) override {
        if (accept(JsonTag::Port))
            writer_.port(port);
    }
    void reference(const Reference &reference) override {
        if (accept(JsonTag::Ref))
            writer_.reference(reference);
    }
    void export_fun(const Export &fun) override {
        if (accept(JsonTag::Fun))
            writer_.export_fun(fun);
    }
    bool begin_fun(const Fun &fun) override {
        if (accept(JsonTag::Fun))
            writer_.raw(fun.raw);
        return false;
    }
    void begin_list(std::size_t) override { inside_ = true; }
    void begin_tuple(std::size_t) override { inside_ = true; }
    void begin_map(std::size_t) override { inside_ = true; }

  private:
    bool accept(JsonTag kind) noexcept {
        const bool accepted = kind == tag_ && !inside_;
        copied_ = copied_ || accepted;
        return accepted;
    }
    TermWriter &writer_;
    const JsonTag tag_;
    bool inside_ = false, copied_ = false;
};

void write_external(TermWriter &writer, JsonTag tag, std::string_view base64) {
    const auto bytes = from_base64(base64);
    if (!bytes)
        bad_value_of(tag);
    Copy copy(writer, tag);
    try {
        read_whole_external(*bytes, copy, writer.limits());
    } catch (const Error &e) {
        if (e.state() != sqlstate::protocol_violation)
            throw;
        bad_value_of(tag); // the user's bytes, not a peer's
    }
    if (!copy.copied())
        bad_value_of(tag);
}

void write_export(TermWriter &writer, std::string_view text) {
    const std::size_t colon = text.find(':');
    const std::size_t slash = text.rfind('/');
    if (slash == std::string_view::npos || slash < colon)
        bad_value_of(JsonTag::Fun);
    std::uint8_t arity = 0;
    const char *end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + slash + 1, end, arity);
    if (error != std::errc() || stop != end)
        bad_value_of(JsonTag::Fun);
    writer.export_fun(
        {text.substr(0, colon), text.substr(colon + 1, slash - colon - 1), arity, {}});
}

void write_hex(TermWriter &writer, std::string_view text) {
    const auto value = from_hex(text);
    if (!value)
        bad_value_of(JsonTag::Int);
    writer.big_integer({value->negative, value->magnitude});
}

} // namespace

void write_tagged_text(TermWriter &writer, JsonTag tag, std::string_view text) {
    switch (tag) {
    case JsonTag::Atom:
        return writer.atom(text);
    case JsonTag::Int:
        return write_hex(writer, text);
    case JsonTag::Float:
        return writer.floating(float_of(text, false));
    case JsonTag::Bin: {
        const auto bytes = from_base64(text);
        if (!bytes)
            bad_value_of(tag);
        return writer.binary(*bytes);
    }
    case JsonTag::Fun:
        if (text.find(':') != std::string_view::npos)
            return write_export(writer, text);
        return write_external(writer, tag, text);
    case JsonTag::Pid:
    case JsonTag::Port:
    case JsonTag::Ref:
        return write_external(writer, tag, text);
    case JsonTag::Bits:
    case JsonTag::Str:
    case JsonTag::Cons:
    case JsonTag::Tuple:
    case JsonTag::Map:
        bad_value_of(tag);
    }
}

} // namespace pgcrew::erlang_bridge
