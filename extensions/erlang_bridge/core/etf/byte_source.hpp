// The bytes of a term, taken from the front; every step is checked against what is left.
#pragma once
#include "pgcrew/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace pgcrew::erlang_bridge {

class ByteSource {
  public:
    explicit ByteSource(std::string_view bytes) noexcept : bytes_(bytes) {}

    std::size_t position() const noexcept { return at_; }
    std::size_t left() const noexcept { return bytes_.size() - at_; }

    std::string_view take(std::size_t size) {
        if (size > left())
            fail("the term ends too early");
        const std::string_view taken = bytes_.substr(at_, size);
        at_ += size;
        return taken;
    }

    // Numbers are sent with the highest byte first.
    template <class Number> Number number() {
        Number value = 0;
        for (const char c : take(sizeof(Number)))
            value = static_cast<Number>(value << 8 | static_cast<std::uint8_t>(c));
        return value;
    }
    std::uint8_t byte() { return static_cast<std::uint8_t>(take(1)[0]); }

    // The number of things that follow, each of at least so many bytes, and so many bytes besides.
    std::size_t count(std::size_t announced, std::size_t bytes_each, std::size_t bytes_more) {
        if (bytes_more > left() || announced > (left() - bytes_more) / bytes_each)
            fail("more elements are announced than can follow");
        return announced;
    }

    std::string_view rest() const noexcept { return bytes_.substr(at_); }
    std::string_view since(std::size_t position) const noexcept {
        return bytes_.substr(position, at_ - position);
    }
    std::string_view from(std::size_t position, std::size_t size) const noexcept {
        return bytes_.substr(position, size);
    }
    void step_back() noexcept { --at_; }

    [[noreturn]] void fail(const std::string &reason, std::string hint = {}) const {
        throw Error(sqlstate::protocol_violation, "invalid Erlang term",
                    "At byte " + std::to_string(at_) + " of " + std::to_string(bytes_.size()) +
                        ": " + reason + ".",
                    std::move(hint));
    }

  private:
    std::string_view bytes_;
    std::size_t at_ = 0;
};

} // namespace pgcrew::erlang_bridge
