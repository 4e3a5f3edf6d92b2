// Terms as JSON. The bytes are read twice: nothing is given to the sink before all of them are
// known to be a term.
#pragma once
#include "core/etf/conversion_options.hpp"
#include "core/etf/json_sink.hpp"
#include "core/etf/limits.hpp"

namespace pgcrew::erlang_bridge {

// A term with its version byte.
void external_to_json(std::string_view bytes, JsonSink &sink, const ConversionOptions &options = {},
                      const Limits &limits = {});

// A term without one, such as an element of a tuple.
void term_to_json(std::string_view bytes, JsonSink &sink, const ConversionOptions &options = {},
                  const Limits &limits = {});

} // namespace pgcrew::erlang_bridge
