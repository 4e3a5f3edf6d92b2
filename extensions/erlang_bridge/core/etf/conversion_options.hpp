// How JSON and terms are converted: the part of a call's options that concerns values.
#pragma once
#include <functional>
#include <string_view>

namespace pgcrew::erlang_bridge {

enum class JsonForm {
    Natural, // for people: atoms are strings, tuples are arrays
    Exact,   // nothing is lost: read back, it is the same term
};

struct ConversionOptions {
    JsonForm form = JsonForm::Natural;
    bool atom_keys = false;      // keys of objects become atoms
    bool charlists = false;      // strings become lists of characters, and in natural form back
    bool strict_numbers = false; // a decimal number that no float holds is an error
    std::string_view null_atom = "null";
    // Is this a node we are connected to? Pids, ports and references of any other are not sent, for
    // the name of its node would stay in the peer's table of atoms.
    std::function<bool(std::string_view node)> knows_node = [](std::string_view) { return false; };
};

// Takes one member of an options document: "form", "keys", "strings", "numbers" or "null". False if
// it is none of these; 22023 if it has not such a value.
bool set_option(ConversionOptions &options, std::string_view name, std::string_view value);

} // namespace pgcrew::erlang_bridge
