// map: a job for each row of a query, so many at a time. A child that has succeeded gives its turn
// to the next one that waits for it, in the transaction that ends it. So nobody counts what runs,
// and the parent sleeps until a turn finds nobody left.
#include "core/limits.hpp"
#include "pg/durable/admission.hpp"
#include "pg/durable/at_commit.hpp"
#include "pg/durable/enqueue.hpp"
#include "pg/durable/failure_of_job.hpp"
#include "pg/durable/flow_children.hpp"
#include "pg/durable/in_hand.hpp"
#include "pg/durable/job_end.hpp"
#include "pg/durable/job_statement.hpp"
#include "pg/durable/json_rows.hpp"
#include "pg/durable/queue_cache.hpp"
#include "pg/durable/step_failure.hpp"
#include "pg/durable/top_level.hpp"
#include "pg/durable/wake.hpp"
#include "pgcrew/args.hpp"
#include "pgcrew/json.hpp"

extern "C" {
#include <catalog/pg_type.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr int64 look_again_us = 1'000'000; // while somebody else holds a child whose turn it is

struct MapOrder {
    FlowHistory::Place place;
    std::string source, command;
    std::optional<std::string> args; // of the source
    int parallel;
    bool wants_results;
};

class MapDeparture : public Departure {
  public:
    explicit MapDeparture(MapOrder order) : order_(std::move(order)) {}

    Next settle(Flow &flow) override {
        try {
            const HistoryEntry entry = entry_at(flow, order_.place);
            if (entry.seq == flow.history.next_seq())
                flow.history.store(begin(flow));
        } catch (...) {
            if (cancel_wanted())
                throw;
            RetryPolicy once;
            once.attempts = 1;
            return settle_failure(flow, order_.place, once, failure_of_job(), order_.args);
        }
        return wait(flow);
    }

  private:
    // The children and the record of them, in one transaction with the query.
    HistoryEntry begin(Flow &flow) {
        return in_transaction([&](Spi &) {
            commit_without_waiting();
            HistoryEntry entry = entry_at(flow, order_.place);
            check_depth(flow.job);
            JsonRows rows(limits::most_bytes, JsonRows::Form::Arrays);
            run_statement_of_job(order_.source, order_.args, rows.receiver());
            const std::vector<std::string_view> all = rows.rows();
            if (static_cast<std::int64_t>(all.size()) > limits::map_rows)
                throw Error(sqlstate::program_limit_exceeded, "map has too many rows",
                            "At most " + std::to_string(limits::map_rows) + " are allowed.");
            if (!all.empty())
                entry.reference = add_children(flow, all);
            entry.result = std::to_string(all.size());
            store_entry(flow, entry);
            return entry;
        });
    }

    // The id of the first.
    int64 add_children(const Flow &flow, const std::vector<std::string_view> &rows) const {
        const QueueOptions allowed = queue_of_id(flow.job.queue).options;
        JobTable jobs;
        ChildTable children;
        DurableJob child = child_of(flow);
        fill_in(child);
        child.command = order_.command;
        check_admission(child, allowed, static_cast<std::int64_t>(rows.size()));
        const int64 first = child.id;
        int turns = order_.parallel;
        for (const std::string_view row : rows) {
            child.args = row;
            check_payload(allowed, static_cast<std::int64_t>(row.size()));
            const bool its_turn = turns-- > 0;
            child.state = its_turn ? DurableState::Ready : DurableState::Scheduled;
            child.due_at = its_turn ? child.enqueued_at : DT_NOEND;
            jobs.insert(child);
            children.add(flow.job.id, child.id, its_turn ? Turn::HasCome : Turn::Waits);
            child.id = JobTable::next_id();
            check_for_interrupts();
        }
        tell_of_due_job(child.enqueued_at);
        return first;
    }

    Next wait(Flow &flow) {
        auto over = bookkeeping([&] {
            HistoryEntry entry = entry_at(flow, order_.place);
            const bool done = look(flow, entry);
            if (done)
                store_entry(flow, entry);
            else
                suspend(flow, DurableEvent::Suspend, look_again_, "children of map " + entry.name);
            return done ? std::optional(std::move(entry)) : std::nullopt;
        });
        if (over) {
            flow.history.store(*std::move(over));
            return Next::Again;
        }
        bookkeeping([&] {
            HistoryEntry again = entry_at(flow, order_.place);
            if (look(flow, again))
                wake_or_tell(flow.job.id);
        });
        return Next::Suspended;
    }

    // Whether the map is over; the entry says how, then.
    bool look(const Flow &flow, HistoryEntry &entry) {
        const std::vector<ChildMark> own = children_of(flow, entry);
        int64 failed = 0;
        int running = 0, waiting = 0;
        for (const ChildMark &child : own) {
            if (child.state == DurableState::None)
                ++(child.turn == Turn::Waits ? waiting : running);
            else if (child.state != DurableState::Succeeded)
                failed = child.job;
        }
        if (failed == 0 && running + waiting > 0) {
            if (waiting > 0 && running < order_.parallel &&
                give_turns(flow.job.id, entry.reference - 1, order_.parallel - running).passed_over)
                look_again_ = GetCurrentTimestamp() + look_again_us;
            return false;
        }
        entry.state = EntryState::Done;
        entry.ended = GetCurrentTimestamp();
        if (failed != 0) {
            conclude_failed(entry, flow, failed);
            cancel_children(flow.job.id, "another child of the map has failed", entry.reference);
        } else if (order_.wants_results) {
            std::vector<int64> jobs;
            jobs.reserve(own.size());
            for (const ChildMark &child : own)
                jobs.push_back(child.job);
            conclude_with_results(entry, flow, jobs);
        }
        return true;
    }

    static std::vector<ChildMark> children_of(const Flow &flow, const HistoryEntry &entry) {
        if (entry.reference == 0)
            return {};
        std::vector<ChildMark> own = ChildTable().marks(flow.job.id, entry.reference);
        const auto count = static_cast<std::size_t>(std::stoll(entry.result.value_or("0")));
        own.resize(Min(own.size(), count));
        return own;
    }

    MapOrder order_;
    TimestampTz look_again_ = DT_NOEND;
};

std::optional<std::string> map(const Args &args, int after_result, bool wants_results) {
    Flow &flow = require_flow("bgjob.map()");
    MapOrder order{arrive(flow, EntryKind::Map, args.text(after_result + 2, "name")),
                   args.text(0, "source"),
                   args.text(1, "command"),
                   args.opt_jsonb(after_result + 1),
                   args.int32(after_result, "parallel"),
                   wants_results};
    const HistoryEntry *known = flow.history.find(order.place);
    if (known != nullptr && known->state == EntryState::Done)
        return known->result;
    if (known != nullptr && known->state == EntryState::Failed)
        raise_recorded_failure(flow, *known);
    if (order.parallel < 1 || order.parallel > limits::map_parallel)
        throw Error(sqlstate::invalid_parameter_value,
                    "\"parallel\" must be between 1 and " + std::to_string(limits::map_parallel));
    leave(flow, std::make_unique<MapDeparture>(std::move(order)));
}

} // namespace

// source, command, [results,] parallel, args, name
PGCREW_FUNCTION(bgjob_map) {
    (void)map(Args(fcinfo), 2, false);
    return 0;
}

PGCREW_FUNCTION(bgjob_map_results) { return result_record(fcinfo, map(Args(fcinfo), 3, true)); }

} // namespace pgcrew::bgjob
