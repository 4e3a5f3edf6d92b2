#include "core/link/cookie.hpp"

#include <cstring>

namespace pgcrew::erlang_bridge {
namespace {

bool printable(unsigned c) noexcept { return (c >= 0x20 && c < 0x7F) || (c >= 0xA0 && c <= 0xFF); }

} // namespace

std::optional<Cookie> Cookie::parse(std::string_view utf8) noexcept {
    Cookie cookie;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        unsigned c = static_cast<unsigned char>(utf8[i]);
        if (c == 0xC2 || c == 0xC3) { // U+0080 to U+00FF have two bytes
            const unsigned next = ++i < utf8.size() ? static_cast<unsigned char>(utf8[i]) : 0;
            if ((next & 0xC0U) != 0x80U)
                return std::nullopt;
            c = ((c & 0x03U) << 6U) | (next & 0x3FU);
        } else if (c >= 0x80) {
            return std::nullopt;
        }
        if (!cookie.append(c))
            return std::nullopt;
    }
    if (cookie.size_ == 0)
        return std::nullopt;
    return cookie;
}

std::optional<Cookie> Cookie::from_latin1(std::string_view bytes) noexcept {
    Cookie cookie;
    for (const char c : bytes)
        if (!cookie.append(static_cast<unsigned char>(c)))
            return std::nullopt;
    if (cookie.size_ == 0)
        return std::nullopt;
    return cookie;
}

bool Cookie::append(unsigned c) noexcept {
    if (!printable(c) || size_ == longest)
        return false;
    bytes_[size_++] = static_cast<char>(c);
    return true;
}

Cookie::Cookie(Cookie &&other) noexcept : bytes_(other.bytes_), size_(other.size_) { other.wipe(); }

Cookie &Cookie::operator=(Cookie &&other) noexcept {
    if (this != &other) {
        bytes_ = other.bytes_;
        size_ = other.size_;
        other.wipe();
    }
    return *this;
}

void Cookie::wipe() noexcept {
    explicit_bzero(bytes_.data(), bytes_.size());
    size_ = 0;
}

} // namespace pgcrew::erlang_bridge
