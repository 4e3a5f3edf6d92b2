// What spawn and map have in common (design: flow_children.cpp).
#pragma once
#include "pg/durable/child_table.hpp"
#include "pg/durable/flow.hpp"

namespace pgcrew::bgjob {

// A job as its parent would have it, without a command.
DurableJob child_of(const Flow &flow);

// In a transaction: 53400 if the parent is too deep to have children.
void check_depth(const DurableJob &parent);

// The entry of a join or a map, in a transaction: this child's failure is raised in the parent; or
// all have succeeded and its result is an array of theirs, in this order, if it does not get too
// large.
void conclude_failed(HistoryEntry &entry, const Flow &flow, int64 child);
void conclude_with_results(HistoryEntry &entry, const Flow &flow,
                           const std::vector<int64> &children);

} // namespace pgcrew::bgjob
