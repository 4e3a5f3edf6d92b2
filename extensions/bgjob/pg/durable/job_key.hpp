// Keys of jobs: whoever adds a job twice with the same role and key has added it once. A key stands
// for its job as long as that is remembered.
#pragma once
#include "pgcrew/postgres.hpp"

#include <optional>
#include <string>

namespace pgcrew::bgjob {

// The job that the key of the role stands for; nullopt if there was none: then it stands for this
// one when the transaction commits. Waits for another transaction that is about to use the key.
std::optional<int64> claim_job_key(Oid role, const std::string &key, int64 job);

} // namespace pgcrew::bgjob
