// The secret that two Erlang nodes share, in memory that is wiped when it is no longer needed.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pgcrew::erlang_bridge {

// Lies inside its owner, never on the heap: bytes that move house leave copies behind.
class Cookie {
  public:
    static constexpr std::size_t longest = 255;

    // 1 to 255 printable characters of Latin-1, given in UTF-8 and kept in Latin-1, for that is
    // what nodes hash.
    static std::optional<Cookie> parse(std::string_view utf8) noexcept;
    // What bytes() gave.
    static std::optional<Cookie> from_latin1(std::string_view bytes) noexcept;

    Cookie(Cookie &&other) noexcept;
    Cookie &operator=(Cookie &&other) noexcept;
    ~Cookie() { wipe(); }

    std::string_view bytes() const noexcept { return {bytes_.data(), size_}; }
    void wipe() noexcept;

  private:
    Cookie() noexcept = default;
    bool append(unsigned c) noexcept;
    std::array<char, longest> bytes_{};
    std::uint8_t size_ = 0;
};

} // namespace pgcrew::erlang_bridge
