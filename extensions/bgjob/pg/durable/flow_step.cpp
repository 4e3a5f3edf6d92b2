// Steps: SQL that takes effect exactly once, for the effect and its record commit together. Where
// the procedure can commit, the step does so in its midst. Where it cannot (in a block with
// EXCEPTION, in a function), and for what a transaction of its own kind needs, the procedure is
// left, the step runs at the top level, and the procedure comes back to it.
#include "pg/durable/flow_step.hpp"

#include "core/limits.hpp"
#include "core/text_limits.hpp"
#include "pg/durable/committing_session.hpp"
#include "pg/durable/extension_lock.hpp"
#include "pg/durable/failure_of_job.hpp"
#include "pg/durable/flow.hpp"
#include "pg/durable/in_hand.hpp"
#include "pg/durable/job_statement.hpp"
#include "pg/durable/json_rows.hpp"
#include "pg/durable/step_failure.hpp"
#include "pg/durable/step_table.hpp"
#include "pg/durable/top_level.hpp"
#include "pg/fault.hpp"
#include "pg/time_limit.hpp"
#include "pgcrew/args.hpp"
#include "pgcrew/json.hpp"

extern "C" {
#include <access/xact.h>
#include <catalog/namespace.h>
#include <executor/spi.h>
#include <nodes/parsenodes.h>
#include <utils/guc.h>
}

namespace pgcrew::bgjob {
namespace {

// What the entry says when the step has been done, its lock still held.
void complete(Flow &flow, HistoryEntry &entry, const StepOrder &order, const JsonRows &rows) {
    if (!flow.lock.held())
        throw Error(sqlstate::object_not_in_prerequisite_state, "step has released bgjob's lock",
                    "It has released all advisory locks of the session.");
    entry.state = EntryState::Done;
    entry.ended = GetCurrentTimestamp();
    entry.due = 0;
    entry.result = order.wants_result ? rows.text() : std::nullopt;
    entry.undo = order.undo;
    if (order.undo)
        entry.undo_args = order.args;
    store_entry(flow, entry);
}

// Runs its statement and writes down what it did, in the open transaction.
HistoryEntry perform(Flow &flow, const StepOrder &order) {
    hold_extension();
    HistoryEntry entry = entry_at(flow, order.place);
    JsonRows rows(flow.most_result);
    {
        const InStep scope(flow);
        const TimeLimit limit(with_statement_timeout(order.timeout_ms));
        run_statement_of_job(order.command, order.args,
                             order.wants_result ? rows.receiver() : None_Receiver);
    }
    complete(flow, entry, order, rows);
    return entry;
}

// The procedure's own settings went with its transaction.
void begin_as_ordered(const StepOrder &order) {
    if (!order.isolation.empty())
        set_for_transaction("transaction_isolation", order.isolation.c_str());
    if (order.read_only)
        set_for_transaction("transaction_read_only", "on");
    set_for_transaction("search_path", order.search_path.c_str());
}

HistoryEntry perform_in_own_transaction(Flow &flow, const StepOrder &order) {
    return in_transaction([&] {
        begin_as_ordered(order);
        const ActiveSnapshot snapshot;
        const Spi spi;
        commit_without_waiting();
        return perform(flow, order);
    });
}

// What refuses a transaction commits by itself; the record comes after it.
HistoryEntry perform_without_transaction(Flow &flow, const StepOrder &order) {
    HistoryEntry entry = entry_at(flow, order.place);
    JsonRows rows(flow.most_result);
    const OwnedMemory memory("bgjob step", TopMemoryContext);
    {
        const InStep scope(flow);
        const TimeLimit limit(with_statement_timeout(order.timeout_ms));
        in_transaction([&] {
            MemoryContextSwitchTo(memory.get());
            begin_as_ordered(order);
            run_top_level_statement(order.command, order.args,
                                    order.wants_result ? rows.receiver() : None_Receiver,
                                    memory.get());
        });
    }
    bookkeeping([&] { complete(flow, entry, order, rows); });
    return entry;
}

class StepDeparture : public Departure {
  public:
    explicit StepDeparture(StepOrder order, std::optional<ServerErrorData> error = {})
        : order_(std::move(order)), error_(std::move(error)) {
        order_.search_path = namespace_search_path;
    }

    Next settle(Flow &flow) override {
        std::optional<HistoryEntry> entry;
        if (!error_)
            entry = try_to_perform(flow);
        if (!entry)
            return settle_failure(flow, order_.place, order_.retry, *error_, order_.args);
        flow.history.store(std::move(*entry));
        fault_point("after_step");
        return Next::Again;
    }

  private:
    // Once it is done, nothing that goes wrong is a failure of the step.
    std::optional<HistoryEntry> try_to_perform(Flow &flow) {
        try {
            return order_.atomic ? perform_in_own_transaction(flow, order_)
                                 : perform_without_transaction(flow, order_);
        } catch (...) {
            if (cancel_wanted())
                throw;
            error_ = failure_of_job();
        }
        return std::nullopt;
    }

    StepOrder order_;
    std::optional<ServerErrorData> error_;
};

// In the midst of the procedure.
HistoryEntry perform_here(Flow &flow, StepOrder &order) {
    try {
        const CommittingSession session;
        HistoryEntry entry = perform(flow, order);
        commit_without_waiting();
        call([] { SPI_commit(); });
        return entry;
    } catch (...) {
        // No block of the procedure can catch it: in those nothing is performed here.
        flow.departure = std::make_unique<StepDeparture>(std::move(order), failure_of_job());
        throw;
    }
}

std::optional<std::string> step(FunctionCallInfo fcinfo, StepOrder order) {
    Flow &flow = require_flow("bgjob.step()");
    order.place = arrive(flow, EntryKind::Step, order.place.name);
    const HistoryEntry *known = flow.history.find(order.place);
    if (known != nullptr && known->state == EntryState::Done)
        return known->result;
    if (known != nullptr && known->state == EntryState::Failed)
        raise_recorded_failure(flow, *known);
    if (known != nullptr && known->due > GetCurrentTimestamp())
        leave(flow, std::make_unique<RetryLater>(*known));
    if (order.stands_alone() || !can_commit(fcinfo))
        leave(flow, std::make_unique<StepDeparture>(std::move(order)));
    HistoryEntry entry = perform_here(flow, order);
    std::optional<std::string> result = entry.result;
    flow.history.store(std::move(entry));
    fault_point("after_step");
    return result;
}

std::string isolation_of(const Args &args, int i) {
    std::string level = args.opt_text(i).value_or("");
    if (!level.empty() && level != "read committed" && level != "repeatable read" &&
        level != "serializable")
        throw Error(sqlstate::invalid_parameter_value, "invalid isolation level \"" + level + "\"",
                    R"(It is "read committed", "repeatable read" or "serializable".)");
    return level;
}

// name, command, [result,] undo, args, attempts, retry, timeout, isolation, read_only, atomic
StepOrder order_of(const Args &args, int after_result) {
    StepOrder order;
    order.place.name = args.text(0, "name");
    order.command = args.text(1, "command");
    order.undo = args.opt_text(after_result);
    limits::check_text("command", order.command, limits::command_bytes);
    limits::check_text("undo", order.undo.value_or(""), limits::command_bytes);
    order.args = args.opt_jsonb(after_result + 1);
    order.retry = retry_of(args, after_result + 2);
    order.timeout_ms = args.opt_interval_ms(after_result + 4).value_or(0);
    order.isolation = isolation_of(args, after_result + 5);
    order.read_only = args.opt_boolean(after_result + 6).value_or(false);
    order.atomic = args.opt_boolean(after_result + 7).value_or(true);
    if (!order.atomic && (order.read_only || !order.isolation.empty()))
        throw Error(sqlstate::invalid_parameter_value,
                    "a step without a transaction has no transaction mode",
                    R"("atomic" is false, so "isolation" and "read_only" have no meaning.)");
    return order;
}

} // namespace

RetryPolicy retry_of(const Args &args, int first) {
    RetryPolicy policy;
    if (const auto retry = args.opt_jsonb(first + 1))
        policy = parse_retry_policy(parse_json(*retry));
    if (const auto attempts = args.opt_int32(first)) {
        if (*attempts < 1 || *attempts > limits::most_attempts)
            throw Error(sqlstate::invalid_parameter_value,
                        "\"attempts\" must be between 1 and " +
                            std::to_string(limits::most_attempts));
        policy.attempts = *attempts;
        policy.any_failure = true;
    }
    return policy;
}

PGCREW_FUNCTION(bgjob_step) {
    (void)step(fcinfo, order_of(Args(fcinfo), 2));
    return 0;
}

PGCREW_FUNCTION(bgjob_step_result) {
    StepOrder order = order_of(Args(fcinfo), 3);
    order.wants_result = true;
    return result_record(fcinfo, step(fcinfo, std::move(order)));
}

} // namespace pgcrew::bgjob
