// Jsonb as JSON events.
#pragma once
#include "core/etf/json_sink.hpp"
#include "pgcrew/boundary.hpp"

extern "C" {
#include <utils/jsonb.h>
}

namespace pgcrew::erlang_bridge {

// Texts are in the database's encoding; the document is not toasted. Without recursion, and
// interrupts are served.
void jsonb_to_sink(const ::Jsonb *document, JsonSink &sink);

} // namespace pgcrew::erlang_bridge
