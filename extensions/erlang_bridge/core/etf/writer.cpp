#include "core/etf/writer.hpp"

#include "core/etf/text.hpp"
#include "pgcrew/error.hpp"

#include <bit>
#include <cmath>
#include <limits>

namespace pgcrew::erlang_bridge {

void TermWriter::append(std::string_view bytes) {
    if (bytes.size() > limits_.bytes - bytes_.size())
        throw Error(sqlstate::program_limit_exceeded, "Erlang term is too large",
                    "The limit is " + std::to_string(limits_.bytes) + " bytes.");
    bytes_.append(bytes);
}

void TermWriter::tag(Tag tag) {
    const char byte = static_cast<char>(tag);
    append({&byte, 1});
}

// The highest byte first.
template <class Number> void TermWriter::number(Number value) {
    char bytes[sizeof(Number)];
    for (std::size_t i = 0; i < sizeof bytes; ++i)
        bytes[i] = static_cast<char>(value >> 8 * (sizeof bytes - 1 - i));
    append({bytes, sizeof bytes});
}

void TermWriter::size32(std::size_t size) {
    if (size > std::numeric_limits<std::uint32_t>::max())
        throw Error(sqlstate::program_limit_exceeded, "Erlang term is too large",
                    "A part of it has " + std::to_string(size) + " bytes or elements.");
    number(static_cast<std::uint32_t>(size));
}

void TermWriter::version() { number(etf_version); }

void TermWriter::atom(std::string_view utf8) {
    const auto characters = utf8_length(utf8);
    if (!characters)
        throw Error(sqlstate::invalid_parameter_value, "atom is not valid UTF-8");
    if (*characters > max_atom_characters)
        throw Error(sqlstate::invalid_parameter_value, "atom is too long",
                    "It has " + std::to_string(*characters) + " characters, the limit is " +
                        std::to_string(max_atom_characters) + ".");
    if (utf8.size() <= std::numeric_limits<std::uint8_t>::max()) {
        tag(Tag::small_atom_utf8);
        number(static_cast<std::uint8_t>(utf8.size()));
    } else {
        tag(Tag::atom_utf8);
        number(static_cast<std::uint16_t>(utf8.size()));
    }
    append(utf8);
}

void TermWriter::integer(std::int64_t value) {
    if (value >= 0 && value <= std::numeric_limits<std::uint8_t>::max()) {
        tag(Tag::small_integer);
        number(static_cast<std::uint8_t>(value));
    } else if (value >= std::numeric_limits<std::int32_t>::min() &&
               value <= std::numeric_limits<std::int32_t>::max()) {
        tag(Tag::integer);
        number(static_cast<std::uint32_t>(value));
    } else {
        const auto bits = static_cast<std::uint64_t>(value);
        std::uint64_t rest = value < 0 ? 0 - bits : bits;
        std::string magnitude;
        for (; rest != 0; rest >>= 8)
            magnitude += static_cast<char>(rest);
        tag(Tag::small_big);
        number(static_cast<std::uint8_t>(magnitude.size()));
        number(static_cast<std::uint8_t>(value < 0));
        append(magnitude);
    }
}

void TermWriter::big_integer(const BigInteger &value) {
    const std::string_view magnitude =
        value.magnitude.substr(0, value.magnitude.find_last_not_of('\0') + 1);
    std::uint64_t low = 0;
    for (std::size_t i = 0; i < magnitude.size() && i < sizeof low; ++i)
        low |= std::uint64_t{static_cast<std::uint8_t>(magnitude[i])} << 8 * i;
    constexpr std::uint64_t lowest = std::uint64_t{1} << 63;
    if (magnitude.size() <= sizeof low && (low < lowest || (value.negative && low == lowest)))
        return integer(static_cast<std::int64_t>(value.negative ? 0 - low : low));
    if (magnitude.size() <= std::numeric_limits<std::uint8_t>::max()) {
        tag(Tag::small_big);
        number(static_cast<std::uint8_t>(magnitude.size()));
    } else {
        tag(Tag::large_big);
        size32(magnitude.size());
    }
    number(static_cast<std::uint8_t>(value.negative));
    append(magnitude);
}

void TermWriter::floating(double finite) {
    if (!std::isfinite(finite))
        throw Error(sqlstate::numeric_value_out_of_range,
                    "Erlang has no infinite or undefined number");
    tag(Tag::new_float);
    number(std::bit_cast<std::uint64_t>(finite));
}

void TermWriter::binary(std::string_view bytes) {
    tag(Tag::binary);
    size32(bytes.size());
    append(bytes);
}

void TermWriter::bit_string(const BitString &bits) {
    tag(Tag::bit_binary);
    size32(bits.bytes.size());
    number(bits.last_bits);
    append(bits.bytes.substr(0, bits.bytes.size() - 1));
    const auto mask = static_cast<std::uint8_t>(0xFF00 >> bits.last_bits);
    number(static_cast<std::uint8_t>(static_cast<std::uint8_t>(bits.bytes.back()) & mask));
}

void TermWriter::nil() { tag(Tag::nil); }

void TermWriter::list(std::size_t size) {
    tag(Tag::list);
    size32(size);
}

void TermWriter::tuple(std::size_t size) {
    if (size <= std::numeric_limits<std::uint8_t>::max()) {
        tag(Tag::small_tuple);
        number(static_cast<std::uint8_t>(size));
    } else {
        tag(Tag::large_tuple);
        size32(size);
    }
}

void TermWriter::map(std::size_t pairs) {
    tag(Tag::map);
    size32(pairs);
}

void TermWriter::pid(const Pid &pid) {
    tag(Tag::new_pid);
    atom(pid.node);
    number(pid.id);
    number(pid.serial);
    number(pid.creation);
}

// The wide form only where it is needed: nodes before release 24 do not know it.
void TermWriter::port(const Port &port) {
    const bool wide = port.id > std::numeric_limits<std::uint32_t>::max();
    tag(wide ? Tag::v4_port : Tag::new_port);
    atom(port.node);
    if (wide)
        number(port.id);
    else
        number(static_cast<std::uint32_t>(port.id));
    number(port.creation);
}

void TermWriter::reference(const Reference &reference) {
    tag(Tag::newer_reference);
    number(static_cast<std::uint16_t>(reference.count));
    atom(reference.node);
    number(reference.creation);
    for (std::size_t i = 0; i < reference.count; ++i)
        number(reference.words[i]);
}

void TermWriter::export_fun(const Export &fun) {
    tag(Tag::export_fun);
    atom(fun.module);
    atom(fun.function);
    integer(fun.arity);
}

void TermWriter::raw(std::string_view term) { append(term); }

} // namespace pgcrew::erlang_bridge
