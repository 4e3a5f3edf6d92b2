// Values of an instance that its orchestration sets. Those of the running execution are kept apart
// until it ends: a replay must find what was there when it began.
#pragma once
#include "pg/duroxide/document.hpp"
#include "pg/duroxide/turn_lease.hpp"

namespace pgcrew::bgjob::duroxide {

// Within call(). `changes` are those of a turn, in their order; `ends`: the execution does.
void write_values(Provider &provider, const TurnLease &lease, const Document &changes, int64 now_ms,
                  bool ends, int64 execution);

} // namespace pgcrew::bgjob::duroxide
