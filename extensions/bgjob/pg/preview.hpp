// The beginning of a text, for views and error contexts.
#pragma once
#include <string>
#include <string_view>

namespace pgcrew::bgjob {

// At most `limit` bytes; what is longer is cut between two characters of the server encoding and
// ends in "..." (within the limit).
std::string preview(std::string_view text, int limit);

} // namespace pgcrew::bgjob
