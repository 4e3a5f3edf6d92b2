// What a step is asked to do (design: flow_step.cpp).
#pragma once
#include "core/flow_history.hpp"
#include "core/retry_policy.hpp"
#include "pgcrew/args.hpp"

namespace pgcrew::bgjob {

struct StepOrder {
    FlowHistory::Place place{EntryKind::Step, "", 0};
    std::string command;
    std::optional<std::string> args, undo;
    RetryPolicy retry{};
    std::int64_t timeout_ms = 0; // of an attempt; 0: none
    bool atomic = true;          // false: it refuses a transaction, and is run at least once
    bool read_only = false;
    std::string isolation;   // empty: that of the session
    std::string search_path; // where the step stands
    bool wants_result = false;
    // In a transaction that is begun for it.
    bool stands_alone() const noexcept { return !atomic || read_only || !isolation.empty(); }
};

// From the arguments "attempts" and "retry", which stand side by side. Who says how many attempts
// there are means all failures.
RetryPolicy retry_of(const Args &args, int first);

} // namespace pgcrew::bgjob
