// Terms and jsonb. Both directions need a database in UTF8: 0A000 elsewhere.
#pragma once
#include "core/etf/conversion_options.hpp"
#include "core/etf/limits.hpp"
#include "pgcrew/boundary.hpp"

#include <string>
#include <string_view>

extern "C" {
#include <utils/jsonb.h>
}

namespace pgcrew::erlang_bridge {

// An argument of a SQL function: null for NULL; and the same where NULL is 22004.
const ::Jsonb *jsonb_argument(FunctionCallInfo fcinfo, int i);
const ::Jsonb *require_jsonb(FunctionCallInfo fcinfo, int i, const char *name);

std::string encode_term(const ::Jsonb *value, const ConversionOptions &options,
                        const Limits &limits, bool with_version = false);

// A list without a version byte; 22023 if it is not an array, before anything else is looked at.
std::string encode_argument_list(const ::Jsonb *arguments, const ConversionOptions &options,
                                 const Limits &limits);

// A jsonb in the current memory context.
Datum decode_term(std::string_view term, const ConversionOptions &options, const Limits &limits,
                  bool with_version = false);

} // namespace pgcrew::erlang_bridge
