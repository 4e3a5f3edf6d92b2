#include "core/options.hpp"

#include "core/duration.hpp"
#include "pgcrew/error.hpp"
#include "pgcrew/json.hpp"

#include <algorithm>
#include <cmath>

namespace pgcrew::bgjob {
namespace {

std::string in_quotes(std::string_view text) { return '"' + std::string(text) + '"'; }

std::string in_text(double number) { return dump_json(Json(number)); }

} // namespace

std::optional<std::int64_t> duration_of(const Json &value) {
    if (value.is_string())
        return parse_duration(value.get_ref<const std::string &>());
    if (!value.is_number())
        return std::nullopt;
    const double us = value.get<double>() * second;
    if (!(us >= 0 && us <= static_cast<double>(longest_duration)))
        return std::nullopt;
    return std::llround(us);
}

Options::Options(const Json &object, std::string_view what) : object_(object), what_(what) {
    if (!object.is_object())
        throw Error(sqlstate::invalid_parameter_value, what_ + " must be a JSON object",
                    "It is of type " + std::string(object.type_name()) + ".");
}

void Options::refuse(const char *name, const std::string &detail) {
    throw Error(sqlstate::invalid_parameter_value, "invalid value of option " + in_quotes(name),
                detail);
}

const Json *Options::member(const char *name) {
    known_.emplace_back(name);
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::int64_t> Options::integer(const char *name, std::int64_t least,
                                             std::int64_t most) {
    const Json *value = member(name);
    if (value == nullptr)
        return std::nullopt;
    const bool fits = value->is_number_unsigned()
                          ? value->get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX)
                          : value->is_number_integer();
    if (!fits || value->get<std::int64_t>() < least || value->get<std::int64_t>() > most)
        refuse(name, "It is a whole number from " + std::to_string(least) + " to " +
                         std::to_string(most) + ".");
    return value->get<std::int64_t>();
}

std::optional<double> Options::number(const char *name, double least, double most) {
    const Json *value = member(name);
    if (value == nullptr)
        return std::nullopt;
    if (!value->is_number() || !(value->get<double>() >= least && value->get<double>() <= most))
        refuse(name, "It is a number from " + in_text(least) + " to " + in_text(most) + ".");
    return value->get<double>();
}

std::optional<std::int64_t> Options::duration(const char *name, std::int64_t least,
                                              std::int64_t most) {
    const Json *value = member(name);
    if (value == nullptr)
        return std::nullopt;
    const auto us = duration_of(*value);
    if (!us || *us < least || *us > most)
        refuse(name, "It is a length of time from " + write_duration(least) + " to " +
                         write_duration(most) + ", such as \"5 min\" or a number of seconds.");
    return us;
}

std::optional<std::size_t> Options::word(const char *name, std::span<const char *const> words) {
    const Json *value = member(name);
    if (value == nullptr)
        return std::nullopt;
    std::string known;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (value->is_string() && value->get_ref<const std::string &>() == words[i])
            return i;
        known += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + in_quotes(words[i]);
    }
    refuse(name, "It is " + known + ".");
}

void Options::finish() const {
    for (const auto &[name, value] : object_.items()) {
        if (std::find(known_.begin(), known_.end(), name) != known_.end())
            continue;
        std::string known;
        for (const std::string_view option : known_)
            known += (known.empty() ? "" : ", ") + in_quotes(option);
        throw Error(sqlstate::invalid_parameter_value, what_ + " has no option " + in_quotes(name),
                    {}, "Its options are " + known + ".");
    }
}

} // namespace pgcrew::bgjob
