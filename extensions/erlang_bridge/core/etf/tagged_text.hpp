// Terms that JSON writes as a tag and a string.
#pragma once
#include "core/etf/json_tag.hpp"
#include "core/etf/writer.hpp"

namespace pgcrew::erlang_bridge {

// 22023 if the text is not what the tag asks for. Nodes that are named and keys within funs are not
// looked at; see sendable.hpp.
void write_tagged_text(TermWriter &writer, JsonTag tag, std::string_view text);

} // namespace pgcrew::erlang_bridge
