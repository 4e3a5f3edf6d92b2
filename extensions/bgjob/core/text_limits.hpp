// How long texts of durable jobs may be that no queue limits, in bytes.
#pragma once
#include "pgcrew/error.hpp"

#include <cstddef>
#include <string>

namespace pgcrew::bgjob::limits {

inline constexpr std::size_t command_bytes = 1'048'576; // of jobs, steps and undos
inline constexpr std::size_t options_bytes = 65'536;
inline constexpr std::size_t reason_bytes = 1024;  // why a job is cancelled
inline constexpr std::size_t failure_bytes = 8192; // of each field; the rest is cut off

inline void check_text(const char *what, const std::string &text, std::size_t most) {
    if (text.size() > most)
        throw Error(sqlstate::program_limit_exceeded, std::string(what) + " is too long",
                    "It has " + std::to_string(text.size()) + " bytes, " + std::to_string(most) +
                        " are allowed.");
}

} // namespace pgcrew::bgjob::limits
