// JSON for tests of the mapping: written by a sink of our own, read by nlohmann/json, which is thus
// an independent judge of what we write and the source of what we are given.
#pragma once
#include "core/etf/json_sink.hpp"
#include "core/etf/json_to_term.hpp"
#include "core/etf/term_to_json.hpp"
#include "pgcrew/json.hpp"

#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgcrew::erlang_bridge {

// Compact text, in the order of the events. Complains of a wrong size and of a key that is there
// twice.
class JsonText final : public JsonSink {
  public:
    const std::string &text() const noexcept { return text_; }

    void null() override { value("null"); }
    void boolean(bool value_) override { value(value_ ? "true" : "false"); }
    void number(std::string_view decimal) override { value(decimal); }
    void string(std::string_view utf8) override { value(Json(utf8).dump()); }
    void begin_array(std::size_t size) override { open('[', size); }
    void end_array() override { close(']'); }
    void begin_object(std::size_t size) override { open('{', size); }
    void end_object() override { close('}'); }
    void key(std::string_view utf8) override {
        separate();
        if (!keys_.back().emplace(utf8).second)
            throw std::logic_error("key is there twice: " + std::string(utf8));
        text_ += Json(utf8).dump() + ":";
        at_value_ = true;
    }

  private:
    void separate() {
        if (!left_.empty() && !std::exchange(at_value_, false)) {
            if (text_.back() != '[' && text_.back() != '{')
                text_ += ',';
            if (left_.back()-- == 0)
                throw std::logic_error("more elements than announced: " + text_);
        }
    }
    void value(std::string_view text) {
        separate();
        text_ += text;
    }
    void open(char bracket, std::size_t size) {
        separate();
        text_ += bracket;
        left_.push_back(size);
        keys_.emplace_back();
    }
    void close(char bracket) {
        if (left_.back() != 0)
            throw std::logic_error("fewer elements than announced: " + text_);
        left_.pop_back();
        keys_.pop_back();
        text_ += bracket;
    }
    std::string text_;
    std::vector<std::size_t> left_;
    std::vector<std::set<std::string>> keys_;
    bool at_value_ = false;
};

// A document as nlohmann/json's parser reports it, numbers as they were written.
struct JsonTree {
    enum class Kind { Null, Boolean, Number, String, Array, Object } kind = Kind::Null;
    bool boolean = false;
    std::string text;
    std::vector<std::string> keys; // of an object
    std::vector<JsonTree> members;

    void play(JsonSink &sink) const {
        switch (kind) {
        case Kind::Null:
            return sink.null();
        case Kind::Boolean:
            return sink.boolean(boolean);
        case Kind::Number:
            return sink.number(text);
        case Kind::String:
            return sink.string(text);
        case Kind::Array:
            sink.begin_array(members.size());
            for (const JsonTree &member : members)
                member.play(sink);
            return sink.end_array();
        case Kind::Object:
            sink.begin_object(members.size());
            for (std::size_t i = 0; i < members.size(); ++i) {
                sink.key(keys[i]);
                members[i].play(sink);
            }
            return sink.end_object();
        }
    }
};

class JsonTreeBuilder final : public Json::json_sax_t {
  public:
    JsonTree root;

    bool null() override { return add({}); }
    bool boolean(bool value) override { return add({JsonTree::Kind::Boolean, value, {}, {}, {}}); }
    bool number_integer(Json::number_integer_t n) override { return number(std::to_string(n)); }
    bool number_unsigned(Json::number_unsigned_t n) override { return number(std::to_string(n)); }
    bool number_float(Json::number_float_t, const std::string &text) override {
        return number(text);
    }
    bool string(std::string &text) override {
        return add({JsonTree::Kind::String, false, text, {}, {}});
    }
    bool binary(Json::binary_t &) override { return false; }
    bool start_object(std::size_t) override { return open(JsonTree::Kind::Object); }
    bool start_array(std::size_t) override { return open(JsonTree::Kind::Array); }
    bool key(std::string &text) override {
        open_.back()->keys.push_back(text);
        return true;
    }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t, const std::string &, const Json::exception &e) override {
        throw std::logic_error(e.what());
    }

  private:
    bool number(std::string text) {
        return add({JsonTree::Kind::Number, false, std::move(text), {}, {}});
    }
    bool add(JsonTree value) {
        if (open_.empty())
            root = std::move(value);
        else
            open_.back()->members.push_back(std::move(value));
        return true;
    }
    bool open(JsonTree::Kind kind) {
        add({kind, false, {}, {}, {}});
        open_.push_back(open_.empty() ? &root : &open_.back()->members.back());
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }
    std::vector<JsonTree *> open_; // elements are added to the innermost only, so none moves
};

inline JsonTree json_tree(std::string_view text) {
    JsonTreeBuilder builder;
    Json::sax_parse(text, &builder);
    return std::move(builder.root);
}

inline ConversionOptions exact_options() {
    ConversionOptions options;
    options.form = JsonForm::Exact;
    options.knows_node = [](std::string_view) { return true; };
    return options;
}

// JSON text to a term with its version byte, and back.
inline std::string term_of(std::string_view json, const ConversionOptions &options = {},
                           const Limits &limits = {}) {
    TermWriter writer(limits);
    writer.version();
    JsonToTerm sink(writer, options);
    json_tree(json).play(sink);
    sink.finish();
    return writer.take();
}

inline std::string json_of(std::string_view external, const ConversionOptions &options = {},
                           const Limits &limits = {}) {
    JsonText text;
    external_to_json(external, text, options, limits);
    return text.text();
}

} // namespace pgcrew::erlang_bridge
