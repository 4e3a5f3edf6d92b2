#include "core/names.hpp"

#include "core/limits.hpp"
#include "pgcrew/ascii.hpp"
#include "pgcrew/error.hpp"

#include <algorithm>

namespace pgcrew::bgjob {
namespace {

[[noreturn]] void refuse(std::string_view what, const char *why, const std::string &detail) {
    throw Error(sqlstate::invalid_parameter_value, std::string(what) + " " + why, detail);
}

} // namespace

void check_name(std::string_view what, std::string_view name) {
    if (name.empty())
        refuse(what, "must not be empty", {});
    if (name.size() > limits::name_bytes)
        refuse(what, "is too long",
               "It has " + std::to_string(name.size()) + " bytes, at most " +
                   std::to_string(limits::name_bytes) + " are allowed.");
    const auto control = std::find_if(name.begin(), name.end(), is_control);
    if (control != name.end())
        refuse(what, "must not contain control characters",
               "Byte " + std::to_string(control - name.begin() + 1) + " is one.");
    if (name.front() == ' ' || name.back() == ' ')
        refuse(what, "must not begin or end with a space", {});
}

} // namespace pgcrew::bgjob
