// Jobs that have ended are forgotten, with their steps, failures, children and keys.
#pragma once
#include "pgcrew/values.hpp"

extern "C" {
#include <utils/timestamp.h>
}

namespace pgcrew::bgjob {

struct Pruned {
    TimestampTz before; // those that ended earlier
    std::optional<std::int32_t> queue{};
    std::optional<Oid> reader{};         // jobs of roles whose rights this one has
    std::optional<std::int32_t> limit{}; // how many to look at, at most
    std::int64_t after = 0;              // jobs with larger ids
};

struct PruneProgress {
    std::int64_t removed, seen;
    std::int64_t last; // the id to go on after
};

// With the rights of the extension's owner.
PruneProgress prune_history(const Pruned &which);
PruneProgress prune_dead(const Pruned &which);

// Of those in the history, the ones that other tables have rows of. Without them a partition can
// be dropped.
PruneProgress prune_linked(const Pruned &which);

} // namespace pgcrew::bgjob
