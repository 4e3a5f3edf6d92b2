// The name of the type, for headers: the library itself takes seconds to compile.
#pragma once
#include <nlohmann/json_fwd.hpp>

namespace pgcrew {

using Json = nlohmann::json;

} // namespace pgcrew
