// Takes entries out of a serialised set of settings. Pure: knows the layout that guc.c's
// serialize_variable() writes, nothing else of the server.
//
//   size_t length of what follows, then for each setting
//   name\0 value\0 source_file\0 [int source_line, if the file is not empty] int source,
//   int context, uint32 role
#pragma once
#include <string>
#include <string_view>

namespace pgcrew::bgjob {

// Leaves out what a job must not inherit and names `role` as the session's user. Throws
// std::invalid_argument for bytes that do not have the layout.
std::string filter_settings(std::string_view serialised, std::string_view role);

} // namespace pgcrew::bgjob
