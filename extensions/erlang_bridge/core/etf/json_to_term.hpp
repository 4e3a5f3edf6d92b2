// JSON as terms: a sink that writes what it is given to a writer of terms. No atom comes out of
// data: only {"$atom":...}, a fun, or the option that makes keys atoms, of which there may be few,
// creates one. What a node would refuse to read, and close the connection for, is refused here.
//
// Nothing is written twice or moved: the size of an object is known when it begins and its first
// key says whether it is a tag. Only where "show" may stand beside the tag, in either order, one
// key and one text wait for the other.
#pragma once
#include "core/etf/conversion_options.hpp"
#include "core/etf/json_sink.hpp"
#include "core/etf/json_tag.hpp"
#include "core/etf/writer.hpp"

#include <set>
#include <string>
#include <vector>

namespace pgcrew::erlang_bridge {

class JsonToTerm final : public JsonSink {
  public:
    // Writer and options have to outlive it. It takes one value, and then finish().
    JsonToTerm(TermWriter &writer, const ConversionOptions &options)
        : writer_(writer), options_(options), start_(writer.bytes().size()) {}

    void null() override;
    void boolean(bool value) override;
    void number(std::string_view decimal) override;
    void string(std::string_view utf8) override;
    void begin_array(std::size_t size) override;
    void end_array() override;
    void begin_object(std::size_t size) override;
    void key(std::string_view utf8) override;
    void end_object() override;

    // Checks what can only be seen of the whole term.
    void finish();

  private:
    // What has begun, and so what the next value means.
    enum class Place : std::uint8_t {
        List,      // an element
        Tuple,     // an element, within its tag
        Pairs,     // within the tag of a map: an array of a key and a value
        Pair,      // that key or value
        Cons,      // an array of elements, then the tail
        Elements,  // one of these elements
        Bits,      // bytes, then the number of bits in the last one
        AtomBytes, // the bytes of an atom
        Undecided, // an object that may be a tag
        Held,      // the value of "show" or of a tag with which it goes; the next key decides
        Shown,     // the value of "show" after such a tag
        Tagged,    // the value of a tag
        Object,    // the value of a key
    };
    struct Open {
        Place place;
        std::size_t size;
        JsonTag tag = JsonTag::Atom;
        bool is_level = false;  // of the term
        std::size_t values = 0; // so far
    };

    void term_begins();
    bool special_string(std::string_view text);
    bool special_array(std::size_t size);
    void array_of_tag(std::size_t size);
    void decide(std::string_view key);
    void decide_held(std::string_view key);
    void begin_plain_object();
    void plain_key(std::string_view text);
    void plain_string(std::string_view text);
    void tagged_string(JsonTag tag, std::string_view text);
    void charlist(std::string_view text);
    void open(Place place, std::size_t size, JsonTag tag = JsonTag::Atom);
    void enter_level();
    void close();

    TermWriter &writer_;
    const ConversionOptions &options_;
    const std::size_t start_;
    std::size_t values_ = 0; // outside of everything: one
    std::vector<Open> open_;
    std::size_t depth_ = 0; // of the term, which has fewer levels than the JSON
    bool needs_check_ = false;
    std::string held_key_, held_text_, bit_bytes_;
    std::set<std::string, std::less<>> key_atoms_;
};

} // namespace pgcrew::erlang_bridge
