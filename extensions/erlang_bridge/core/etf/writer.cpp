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

// Each with its highest byte first.
template <class... Numbers> void TermWriter::append_numbers(Numbers... numbers) {
    char bytes[(sizeof(Numbers) + ...)];
    char *at = bytes;
    const auto put = [&at](auto value) {
        for (std::size_t i = sizeof value; i-- > 0;)
            *at++ = static_cast<char>(value >> 8 * i);
    };
    (put(numbers), ...);
    append({bytes, sizeof bytes});
}

template <class... Numbers> void TermWriter::begin(Tag tag, Numbers... numbers) {
    append_numbers(static_cast<std::uint8_t>(tag), numbers...);
}

std::uint32_t TermWriter::size32(std::size_t size) {
    if (size > std::numeric_limits<std::uint32_t>::max())
        throw Error(sqlstate::program_limit_exceeded, "Erlang term is too large",
                    "A part of it has " + std::to_string(size) + " bytes or elements.");
    return static_cast<std::uint32_t>(size);
}

void TermWriter::version() { append_numbers(etf_version); }

void TermWriter::atom(std::string_view utf8) {
    const auto characters = utf8_length(utf8);
    if (!characters)
        throw Error(sqlstate::invalid_parameter_value, "atom is not valid UTF-8");
    if (*characters > max_atom_characters)
        throw Error(sqlstate::invalid_parameter_value, "atom is too long",
                    "It has " + std::to_string(*characters) + " characters, the limit is " +
                        std::to_string(max_atom_characters) + ".");
    if (utf8.size() <= std::numeric_limits<std::uint8_t>::max()) {
        begin(Tag::small_atom_utf8, static_cast<std::uint8_t>(utf8.size()));
    } else {
        begin(Tag::atom_utf8, static_cast<std::uint16_t>(utf8.size()));
    }
    append(utf8);
}

void TermWriter::integer(std::int64_t value) {
    if (value >= 0 && value <= std::numeric_limits<std::uint8_t>::max()) {
        begin(Tag::small_integer, static_cast<std::uint8_t>(value));
    } else if (value >= std::numeric_limits<std::int32_t>::min() &&
               value <= std::numeric_limits<std::int32_t>::max()) {
        begin(Tag::integer, static_cast<std::uint32_t>(value));
    } else {
        const auto bits = static_cast<std::uint64_t>(value);
        std::uint64_t rest = value < 0 ? 0 - bits : bits;
        std::string magnitude;
        for (; rest != 0; rest >>= 8)
            magnitude += static_cast<char>(rest);
        begin(Tag::small_big, static_cast<std::uint8_t>(magnitude.size()),
              static_cast<std::uint8_t>(value < 0));
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
        begin(Tag::small_big, static_cast<std::uint8_t>(magnitude.size()));
    } else {
        begin(Tag::large_big, size32(magnitude.size()));
    }
    append_numbers(static_cast<std::uint8_t>(value.negative));
    append(magnitude);
}

void TermWriter::floating(double finite) {
    if (!std::isfinite(finite))
        throw Error(sqlstate::numeric_value_out_of_range,
                    "Erlang has no infinite or undefined number");
    begin(Tag::new_float, std::bit_cast<std::uint64_t>(finite));
}

void TermWriter::binary(std::string_view bytes) {
    begin(Tag::binary, size32(bytes.size()));
    append(bytes);
}

void TermWriter::bit_string(const BitString &bits) {
    begin(Tag::bit_binary, size32(bits.bytes.size()), bits.last_bits);
    append(bits.bytes.substr(0, bits.bytes.size() - 1));
    const auto mask = static_cast<std::uint8_t>(0xFF00 >> bits.last_bits);
    append_numbers(static_cast<std::uint8_t>(static_cast<std::uint8_t>(bits.bytes.back()) & mask));
}

void TermWriter::nil() { begin(Tag::nil); }

void TermWriter::list(std::size_t size) { begin(Tag::list, size32(size)); }

void TermWriter::tuple(std::size_t size) {
    if (size <= std::numeric_limits<std::uint8_t>::max()) {
        begin(Tag::small_tuple, static_cast<std::uint8_t>(size));
    } else {
        begin(Tag::large_tuple, size32(size));
    }
}

void TermWriter::map(std::size_t pairs) { begin(Tag::map, size32(pairs)); }

void TermWriter::pid(const Pid &pid) {
    begin(Tag::new_pid);
    atom(pid.node);
    append_numbers(pid.id, pid.serial, pid.creation);
}

// The wide form only where it is needed: nodes before release 24 do not know it.
void TermWriter::port(const Port &port) {
    const bool wide = port.id > std::numeric_limits<std::uint32_t>::max();
    begin(wide ? Tag::v4_port : Tag::new_port);
    atom(port.node);
    if (wide)
        append_numbers(port.id, port.creation);
    else
        append_numbers(static_cast<std::uint32_t>(port.id), port.creation);
}

void TermWriter::reference(const Reference &reference) {
    begin(Tag::newer_reference, static_cast<std::uint16_t>(reference.count));
    atom(reference.node);
    append_numbers(reference.creation);
    for (std::size_t i = 0; i < reference.count; ++i)
        append_numbers(reference.words[i]);
}

void TermWriter::export_fun(const Export &fun) {
    begin(Tag::export_fun);
    atom(fun.module);
    atom(fun.function);
    integer(fun.arity);
}

void TermWriter::raw(std::string_view term) { append(term); }

} // namespace pgcrew::erlang_bridge
