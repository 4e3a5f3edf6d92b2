// The proof that a node knows the cookie: MD5 over the cookie and the decimal digits of a number
// that the other node chose. The protocol wants MD5; nothing else here uses it.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace pgcrew::erlang_bridge {

using Digest = std::array<unsigned char, 16>;

// Throws pgcrew::Error where the host's OpenSSL refuses MD5.
Digest cookie_digest(std::string_view cookie, std::uint32_t challenge);

// Takes the same time wherever the two differ.
bool same_digest(const Digest &a, std::string_view b) noexcept;

} // namespace pgcrew::erlang_bridge
