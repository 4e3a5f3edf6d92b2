#include "core/etf/json_tag.hpp"

#include "pgcrew/error.hpp"

#include <array>

namespace pgcrew::erlang_bridge {
namespace {

struct Description {
    std::string_view key, value; // what the value must be
};

// In the order of JsonTag.
constexpr std::array<Description, 13> descriptions{{
    {"$atom", "a string of at most 255 characters, or {\"$bin\":...} of its UTF-8 bytes"},
    {"$int", "a string with a hexadecimal integer such as \"-0x1f\""},
    {"$float", "a string with a decimal number"},
    {"$bin", "a string in base64, padded"},
    {"$bits", "an array of a string in base64, not empty, and the number of bits used in the last "
              "byte, 1 to 7"},
    {"$str", "a string"},
    {"$cons", "an array of two: an array that is not empty, and the tail"},
    {"$tuple", "an array"},
    {"$map", "an array of arrays of a key and a value"},
    {"$pid", "a string in base64 that holds a pid in the external term format"},
    {"$port", "a string in base64 that holds a port in the external term format"},
    {"$ref", "a string in base64 that holds a reference in the external term format"},
    {"$fun",
     "a string: \"module:function/arity\", or base64 that holds a fun in the external term format"},
}};

} // namespace

std::string_view key_of(JsonTag tag) noexcept {
    return descriptions[static_cast<std::size_t>(tag)].key;
}

std::optional<JsonTag> tag_of(std::string_view key) noexcept {
    if (key.starts_with('$'))
        for (std::size_t i = 0; i < descriptions.size(); ++i)
            if (descriptions[i].key == key)
                return static_cast<JsonTag>(i);
    return std::nullopt;
}

std::optional<std::string_view> unescaped(std::string_view key) noexcept {
    if (key.starts_with("$$") && tag_of(key.substr(1)))
        return key.substr(1);
    return std::nullopt;
}

bool has_show(JsonTag tag) noexcept {
    return tag == JsonTag::Pid || tag == JsonTag::Port || tag == JsonTag::Ref;
}

void bad_value_of(JsonTag tag) {
    const std::string key(key_of(tag));
    const std::string value(descriptions[static_cast<std::size_t>(tag)].value);
    throw Error(sqlstate::invalid_parameter_value, "invalid value of \"" + key + "\"",
                "It must be " + value + ".",
                "An object with the key \"" + key + "\" itself is written as {\"$" + key +
                    "\":...}.");
}

} // namespace pgcrew::erlang_bridge
