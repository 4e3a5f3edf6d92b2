// What a reader of terms reports. Texts and bytes are views that hold until the event returns,
// texts are UTF-8 whatever was sent. An event that is not overridden is ignored.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pgcrew::erlang_bridge {

// An integer beyond 64 bits with a sign: no zero bytes at the high end.
struct BigInteger {
    bool negative;
    std::string_view magnitude; // little-endian
};

struct BitString {
    std::string_view bytes; // at least one
    std::uint8_t last_bits; // 1 to 7: those of the last byte that count, from the highest
};

// `raw` is the term as it was sent, without a version byte.
struct Pid {
    std::string_view node;
    std::uint32_t id, serial, creation;
    std::string_view raw;
};

struct Port {
    std::string_view node;
    std::uint64_t id;
    std::uint32_t creation;
    std::string_view raw;
};

struct Reference {
    std::string_view node;
    std::uint32_t creation;
    std::array<std::uint32_t, 5> words;
    std::size_t count; // of words
    std::string_view raw;
};

struct Fun {
    std::string_view module;
    std::string_view unique; // 16 bytes
    std::uint32_t index;
    Pid creator;
    std::string_view raw;
};

struct Export {
    std::string_view module, function;
    std::uint8_t arity;
    std::string_view raw;
};

class TermVisitor {
  public:
    virtual ~TermVisitor() = default;

    virtual void atom(std::string_view /*text*/) {}
    virtual void integer(std::int64_t /*value*/) {}
    virtual void big_integer(const BigInteger & /*value*/) {}
    virtual void floating(double /*finite*/) {}
    virtual void binary(std::string_view /*bytes*/) {}
    virtual void bit_string(const BitString & /*bits*/) {}
    virtual void pid(const Pid & /*pid*/) {}
    virtual void port(const Port & /*port*/) {}
    virtual void reference(const Reference & /*reference*/) {}
    virtual void export_fun(const Export & /*fun*/) {}

    // A list comes as its elements, however it was sent: `size` of them follow, then perhaps, where
    // lists were chained by their tails, more are announced; an improper one has its tail after
    // tail(). Counts are never above the number of bytes sent.
    virtual void begin_list(std::size_t /*size*/) {}
    virtual void more_elements(std::size_t /*size*/) {}
    virtual void tail() {}
    virtual void end_list() {}

    virtual void begin_tuple(std::size_t /*size*/) {}
    virtual void end_tuple() {}

    // Keys and values by turns.
    virtual void begin_map(std::size_t /*pairs*/) {}
    virtual void end_map() {}

    // The answer says whether to report the free variables; then end_fun() comes after them.
    virtual bool begin_fun(const Fun & /*fun*/) { return false; }
    virtual void end_fun() {}
};

} // namespace pgcrew::erlang_bridge
