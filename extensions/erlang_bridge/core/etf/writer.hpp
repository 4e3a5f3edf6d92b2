// Writes terms in the external term format, in the forms that OTP itself sends today. Containers
// are announced with their size; that so many elements follow is the caller's care.
//
// The bytes are written here and not by ei_x_encode_*: those take the length of a binary as an int,
// know no integers beyond 64 bits, grow their buffer by a hundred bytes at a time and without a
// limit, and leak it on an exception. The unit tests compare with what ei writes and reads.
#pragma once
#include "core/etf/limits.hpp"
#include "core/etf/tags.hpp"
#include "core/etf/visitor.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace pgcrew::erlang_bridge {

class TermWriter {
  public:
    explicit TermWriter(const Limits &limits = {}) : limits_(limits) {}

    void reserve(std::size_t bytes) { bytes_.reserve(bytes); }

    void version(); // begins a term that is sent by itself
    void atom(std::string_view utf8);
    void boolean(bool value) { atom(value ? "true" : "false"); }
    void integer(std::int64_t value);
    void big_integer(const BigInteger &value); // of any size: zero bytes at its high end do no harm
    void floating(double finite);
    void binary(std::string_view bytes);
    void bit_string(const BitString &bits);

    void nil();
    void list(std::size_t size); // at least one element; its tail, mostly nil(), comes after them
    void tuple(std::size_t size);
    void map(std::size_t pairs);

    void pid(const Pid &pid); // of these four all but `raw` is written
    void port(const Port &port);
    void reference(const Reference &reference);
    void export_fun(const Export &fun);
    void raw(std::string_view term); // without a version byte

    const std::string &bytes() const noexcept { return bytes_; }
    std::string take() noexcept { return std::move(bytes_); }
    const Limits &limits() const noexcept { return limits_; }

  private:
    template <class... Numbers> void begin(Tag tag, Numbers... numbers);
    template <class... Numbers> void append_numbers(Numbers... numbers);
    void append(std::string_view bytes);
    static std::uint32_t size32(std::size_t size);

    Limits limits_;
    std::string bytes_;
};

} // namespace pgcrew::erlang_bridge
