// Which JSON a list or a map becomes depends on all that is in it: is it improper, is it text, can
// its keys be those of an object? A first reading of the term tells, and by the way that the bytes
// are a term at all, before anything is given to the sink.
#pragma once
#include "core/etf/conversion_options.hpp"
#include "core/etf/visitor.hpp"

#include <optional>
#include <vector>

namespace pgcrew::erlang_bridge {

enum class ContainerForm : std::uint8_t { Array, Cons, Text, Object, Pairs };

struct Container {
    std::uint32_t size; // elements of a list, without its tail
    ContainerForm form;
};

class ContainerForms final : public TermVisitor {
  public:
    explicit ContainerForms(const ConversionOptions &options) : options_(options) {}
    // Lists and maps that are not empty, in the order in which they begin; not those within funs.
    const std::vector<Container> &result() const noexcept { return result_; }

    void atom(std::string_view text) override;
    void integer(std::int64_t value) override;
    void big_integer(const BigInteger &) override { value_begins(); }
    void floating(double) override { value_begins(); }
    void binary(std::string_view bytes) override;
    void bit_string(const BitString &) override { value_begins(); }
    void pid(const Pid &) override { value_begins(); }
    void port(const Port &) override { value_begins(); }
    void reference(const Reference &) override { value_begins(); }
    void export_fun(const Export &) override { value_begins(); }
    void begin_list(std::size_t size) override;
    void more_elements(std::size_t size) override;
    void tail() override;
    void end_list() override;
    void begin_tuple(std::size_t size) override;
    void end_tuple() override { open_.pop_back(); }
    void begin_map(std::size_t pairs) override;
    void end_map() override;
    bool begin_fun(const Fun &) override {
        value_begins();
        return false;
    }

  private:
    enum class Kind : std::uint8_t { List, Tuple, Map };
    struct Open {
        Kind kind;
        std::size_t index;         // in the result; of a list or map that is not empty
        std::size_t first_hash;    // of a map
        bool at_key = false;       // of a map: the value that began last is a key
        bool proper_text = true;   // of a list: only printable characters so far
        bool text_keys = true;     // of a map: all keys so far can be keys of an object
        bool like_tag = false;     // of a map: a key is that of a tag or the escape for one
        bool like_shown = false;   // of a map: a key is that of a tag with "show"
        bool has_show_key = false; // of a map
    };

    void value_begins(std::optional<std::string_view> key = {}, bool printable = false);
    bool key_is_next() const noexcept {
        return !open_.empty() && open_.back().kind == Kind::Map && !open_.back().at_key;
    }
    void text_key(Open &map, std::string_view text);
    bool keys_differ(const Open &map);
    void open(Kind kind, std::size_t size);

    const ConversionOptions &options_;
    std::vector<Container> result_;
    std::vector<Open> open_;
    std::vector<std::size_t> hashes_; // of the keys of all open maps
};

} // namespace pgcrew::erlang_bridge
