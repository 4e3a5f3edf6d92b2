// Text between the encoding of the database and UTF-8, in which JSON and drawings are made. In a
// transaction.
#pragma once
#include <string>

namespace pgcrew::bgjob {

std::string to_utf8(const std::string &text);
std::string from_utf8(const std::string &text);

} // namespace pgcrew::bgjob
