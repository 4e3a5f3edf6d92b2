// What JobTable and its kin say when somebody else has a row, as an error.
#pragma once
#include "pgcrew/error.hpp"

namespace pgcrew::bgjob {

// 40001 unless the change of a row could be made. bookkeeping() (top_level.hpp) tries again.
inline void require_free(bool free) {
    if (!free)
        throw Error(sqlstate::serialization_failure, "the job is being changed");
}

} // namespace pgcrew::bgjob
