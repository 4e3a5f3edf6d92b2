#include "core/etf/sendable.hpp"

#include "core/etf/reader.hpp"
#include "pgcrew/error.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <string>
#include <vector>

namespace pgcrew::erlang_bridge {
namespace {

// Keys are compared by a hash of the term, which does not depend on how the term is encoded nor on
// the order of maps within it. 0.0 and -0.0 are the same: releases before 27 see one key.
class Sendable final : public TermVisitor {
  public:
    explicit Sendable(const ConversionOptions &options) : options_(options) {}

    void atom(std::string_view text) override { value(hash(Seed::Atom, text)); }
    void integer(std::int64_t number) override { value(hash(Seed::Integer, number)); }
    void big_integer(const BigInteger &number) override {
        value(hash(Seed::Big, number.negative, number.magnitude));
    }
    void floating(double number) override {
        value(hash(Seed::Float, std::bit_cast<std::uint64_t>(number == 0 ? 0.0 : number)));
    }
    void binary(std::string_view bytes) override { value(hash(Seed::Binary, bytes)); }
    void bit_string(const BitString &bits) override {
        const auto last = static_cast<std::uint8_t>(bits.bytes.back()) >> (8 - bits.last_bits);
        value(hash(Seed::Bits, bits.last_bits, last, bits.bytes.substr(0, bits.bytes.size() - 1)));
    }
    void pid(const Pid &pid) override {
        check_node("pid", pid.node);
        value(hash(Seed::Pid, pid.node, pid.id, pid.serial, pid.creation));
    }
    void port(const Port &port) override {
        check_node("port", port.node);
        value(hash(Seed::Port, port.node, port.id, port.creation));
    }
    void reference(const Reference &reference) override {
        check_node("reference", reference.node);
        std::uint64_t words = reference.count;
        for (std::size_t i = 0; i < reference.count; ++i)
            words = mixed(words, reference.words[i]);
        value(hash(Seed::Reference, reference.node, reference.creation, words));
    }
    void export_fun(const Export &fun) override {
        value(hash(Seed::Export, fun.module, fun.function, fun.arity));
    }

    void begin_list(std::size_t) override { open(hash(Seed::List)); }
    void tail() override { open_.back().state = mixed(open_.back().state, hash(Seed::Tail)); }
    void end_list() override { close(); }
    void begin_tuple(std::size_t size) override { open(hash(Seed::Tuple, size)); }
    void end_tuple() override { close(); }
    bool begin_fun(const Fun &fun) override {
        check_node("fun", fun.creator.node);
        open(hash(Seed::Fun, fun.module, fun.unique, fun.index));
        return true;
    }
    void end_fun() override { close(); }
    void begin_map(std::size_t pairs) override {
        open(hash(Seed::Map, pairs));
        open_.back().is_map = true;
    }
    void end_map() override;

  private:
    enum class Seed : std::uint8_t {
        Atom,
        Integer,
        Big,
        Float,
        Binary,
        Bits,
        Pid,
        Port,
        Reference,
        Export,
        List,
        Tail,
        Tuple,
        Fun,
        Map
    };
    struct Open {
        std::uint64_t state;
        std::size_t first_key = 0; // of a map, in keys_
        bool is_map = false, at_value = false;
    };

    static std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
        std::uint64_t x = a * 0x9E3779B97F4A7C15U + b;
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9U;
        x = (x ^ x >> 27) * 0x94D049BB133111EBU;
        return x ^ x >> 31;
    }
    static std::uint64_t word(std::string_view text) noexcept {
        return std::hash<std::string_view>()(text);
    }
    template <class Number> static std::uint64_t word(Number number) noexcept {
        return static_cast<std::uint64_t>(number);
    }
    template <class... Parts> static std::uint64_t hash(Seed seed, Parts... parts) noexcept {
        auto state = static_cast<std::uint64_t>(seed);
        ((state = mixed(state, word(parts))), ...);
        return mixed(state, sizeof...(parts));
    }

    void check_node(const char *what, std::string_view node) const {
        if (!options_.knows_node(node))
            throw Error(sqlstate::invalid_parameter_value,
                        std::string(what) + " belongs to an unknown node",
                        "The node is \"" + std::string(node) + "\".",
                        "Only what came from a node that is connected can be sent.");
    }
    void open(std::uint64_t state) { open_.push_back({state, keys_.size()}); }
    void close() {
        const std::uint64_t state = open_.back().state;
        open_.pop_back();
        value(state);
    }
    void value(std::uint64_t hash);

    const ConversionOptions &options_;
    std::vector<Open> open_;
    std::vector<std::uint64_t> keys_; // hashes of those of all open maps
};

void Sendable::value(std::uint64_t hash) {
    if (open_.empty())
        return;
    Open &parent = open_.back();
    if (!parent.is_map) {
        parent.state = mixed(parent.state, hash);
    } else if (!parent.at_value) {
        keys_.push_back(hash);
        parent.at_value = true;
    } else {
        parent.state += mixed(keys_.back(), hash); // a sum: pairs have no order
        parent.at_value = false;
    }
}

void Sendable::end_map() {
    const std::size_t first_key = open_.back().first_key;
    const auto first = keys_.begin() + static_cast<std::ptrdiff_t>(first_key);
    std::sort(first, keys_.end());
    if (std::adjacent_find(first, keys_.end()) != keys_.end())
        throw Error(sqlstate::invalid_parameter_value, "duplicate key in an Erlang map");
    keys_.resize(first_key);
    close();
}

} // namespace

void check_sendable(std::string_view term, const ConversionOptions &options, const Limits &limits) {
    Sendable visitor(options);
    read_whole_term(term, visitor, limits);
}

} // namespace pgcrew::erlang_bridge
