// Reads atoms and the terms that name things of a node, old forms and new ones; the tag has been
// taken already. Buffers hold texts that had to be made UTF-8; what is returned may point to them.
#pragma once
#include "core/etf/byte_source.hpp"
#include "core/etf/tags.hpp"
#include "core/etf/visitor.hpp"

#include <string>

namespace pgcrew::erlang_bridge {

std::string_view read_atom(ByteSource &source, Tag tag, std::string &buffer);
Pid read_pid(ByteSource &source, Tag tag, std::string &buffer);
Port read_port(ByteSource &source, Tag tag, std::string &buffer);
Reference read_reference(ByteSource &source, Tag tag, std::string &buffer);
Export read_export(ByteSource &source, std::string &module, std::string &function);

// A fun up to its free variables; its raw bytes reach to the end of the size it announces.
struct FunHeader {
    Fun fun;
    std::uint32_t free_variables;
};
FunHeader read_fun(ByteSource &source, std::string &module, std::string &node);

} // namespace pgcrew::erlang_bridge
