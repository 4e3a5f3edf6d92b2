// The objects with one key that stand for what JSON has no value for: {"$atom":"ok"}. Of pids,
// ports and references "show" may stand beside, for people. An object of the user's that looks like
// one is written as {"$map":[...]}, and {"$$atom":...} on input is an object with the key "$atom".
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgcrew::erlang_bridge {

enum class JsonTag : std::uint8_t {
    Atom,
    Int,
    Float,
    Bin,
    Bits,
    Str,
    Cons,
    Tuple,
    Map,
    Pid,
    Port,
    Ref,
    Fun
};

inline constexpr std::string_view show_key = "show";

std::string_view key_of(JsonTag tag) noexcept;
std::optional<JsonTag> tag_of(std::string_view key) noexcept;
// "$$atom": the key that is meant, or empty.
std::optional<std::string_view> unescaped(std::string_view key) noexcept;
bool has_show(JsonTag tag) noexcept; // may "show" stand beside it?

// The value under the tag is not what it must be: 22023.
[[noreturn]] void bad_value_of(JsonTag tag);

} // namespace pgcrew::erlang_bridge
