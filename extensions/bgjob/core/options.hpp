// Reads an options object that a user wrote: each member has a type and a range, and none is
// unknown. A member that is null counts as not given.
#pragma once
#include "pgcrew/json_fwd.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgcrew::bgjob {

// Microseconds of a text such as "5 min" or of a number of seconds; nullopt for anything else.
std::optional<std::int64_t> duration_of(const Json &value);

// All errors are 22023 and name the option. Ask for every member there can be, then call finish().
class Options {
  public:
    // `what` is a noun for messages, such as "retry policy". The object has to outlive this.
    Options(const Json &object, std::string_view what);

    std::optional<std::int64_t> integer(const char *name, std::int64_t least, std::int64_t most);
    std::optional<double> number(const char *name, double least, double most);
    // As duration_of() reads it.
    std::optional<std::int64_t> duration(const char *name, std::int64_t least, std::int64_t most);
    // The index of the word.
    std::optional<std::size_t> word(const char *name, std::span<const char *const> words);

    // The member itself, for what has a form of its own; null if it is not given.
    const Json *member(const char *name);
    [[noreturn]] static void refuse(const char *name, const std::string &detail);

    void finish() const; // complains about members that nobody asked for

  private:
    const Json &object_;
    std::string what_;
    std::vector<std::string_view> known_;
};

} // namespace pgcrew::bgjob
