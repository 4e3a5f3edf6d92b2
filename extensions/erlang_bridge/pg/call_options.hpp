// The options document of a call.
#pragma once
#include "core/etf/conversion_options.hpp"
#include "pgcrew/boundary.hpp"

extern "C" {
#include <utils/jsonb.h>
}

namespace pgcrew::erlang_bridge {

struct CallOptions {
    ConversionOptions conversion;
    bool idempotent = false; // may be sent again when it is unknown whether it was executed
    enum class OnError { Raise, Null, Default } on_error = OnError::Raise;
    ::Jsonb *default_value = nullptr; // for OnError::Default; in the current memory context
};

// 22023 if the document, which may be null for the defaults, has anything but known members with
// known values.
CallOptions parse_call_options(const ::Jsonb *options);

// The same for what only converts, where the other members would have no effect.
ConversionOptions parse_conversion_options(const ::Jsonb *options);

} // namespace pgcrew::erlang_bridge
