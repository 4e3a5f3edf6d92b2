// JSON: the only includer of nlohmann, but for the name of the type. Its failures become Error with
// the right SQLSTATE.
#pragma once
#include "pgcrew/json_fwd.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace pgcrew {

// Nesting beyond this is refused: writing and walking a value recurse.
inline constexpr int max_json_depth = 512;

// 22P02 with the position in the detail; 54001 when nested too deeply.
Json parse_json(std::string_view text);

// Compact text; 22021 when a string is not UTF-8.
std::string dump_json(const Json &);
} // namespace pgcrew
