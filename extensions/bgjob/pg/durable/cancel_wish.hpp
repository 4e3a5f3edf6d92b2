// Wishes to cancel a job that is in somebody's hands. A transaction that ends well tells the worker
// of it; what could not be written into the job's row the dispatcher keeps in mind until the job
// has ended. Nothing happens if the transaction, or the subtransaction, is rolled back. No
// transaction with such a wish can be prepared, for nobody would tell when it is committed.
#pragma once
#include "pg/registry.hpp"

#include <string>
#include <vector>

namespace pgcrew::bgjob {

enum class Wish {
    Written, // the job's row says it: interrupting its worker is all
    Unwritten
};

void wish_at_commit(JobId job, const std::string &reason, Wish kind);

// For the dispatcher: those that it was told of, until they are forgotten.
std::vector<CancelWish> wishes_of(Oid database);
void forget_wish(Oid database, JobId job);

} // namespace pgcrew::bgjob
