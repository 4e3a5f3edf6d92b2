#include "core/etf/conversion_options.hpp"

#include "pgcrew/error.hpp"

#include <array>

namespace pgcrew::erlang_bridge {
namespace {

struct Choice {
    std::string_view name, value;
    void (*apply)(ConversionOptions &);
};

constexpr std::array<Choice, 11> choices{{
    {"form", "natural", [](ConversionOptions &o) { o.form = JsonForm::Natural; }},
    {"form", "exact", [](ConversionOptions &o) { o.form = JsonForm::Exact; }},
    {"keys", "binaries", [](ConversionOptions &o) { o.atom_keys = false; }},
    {"keys", "atoms?", [](ConversionOptions &o) { o.atom_keys = true; }},
    {"strings", "binary", [](ConversionOptions &o) { o.charlists = false; }},
    {"strings", "charlist", [](ConversionOptions &o) { o.charlists = true; }},
    {"numbers", "float", [](ConversionOptions &o) { o.strict_numbers = false; }},
    {"numbers", "strict", [](ConversionOptions &o) { o.strict_numbers = true; }},
    {"null", "null", [](ConversionOptions &o) { o.null_atom = "null"; }},
    {"null", "nil", [](ConversionOptions &o) { o.null_atom = "nil"; }},
    {"null", "undefined", [](ConversionOptions &o) { o.null_atom = "undefined"; }},
}};

} // namespace

bool set_option(ConversionOptions &options, std::string_view name, std::string_view value) {
    std::string known;
    for (const Choice &choice : choices) {
        if (choice.name != name)
            continue;
        if (choice.value == value) {
            choice.apply(options);
            return true;
        }
        known.append(known.empty() ? "\"" : ", \"").append(choice.value).append("\"");
    }
    if (known.empty())
        return false;
    throw Error(sqlstate::invalid_parameter_value,
                "invalid value of option \"" + std::string(name) + "\"", {},
                "Known values are " + known + ".");
}

} // namespace pgcrew::erlang_bridge
