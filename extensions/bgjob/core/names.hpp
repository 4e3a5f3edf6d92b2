// Names that users give: of queues, steps, signals and schedules, and keys of jobs.
#pragma once
#include <string_view>

namespace pgcrew::bgjob {

// 22023 unless the name has 1 to limits::name_bytes bytes, no control character, and no space at
// either end: two names that look the same are the same. `what` is the noun in the message, such
// as "step name" or "job key".
void check_name(std::string_view what, std::string_view name);

} // namespace pgcrew::bgjob
