// Children: jobs that a workflow starts and waits for. A child runs as the parent's role, with its
// own attempts; how it ended stands in bgjob.child until the parent takes it. What is left of them
// when the parent ends is cancelled.
#include "pg/durable/flow_children.hpp"

#include "core/limits.hpp"
#include "pg/durable/at_commit.hpp"
#include "pg/durable/cancel_job.hpp"
#include "pg/durable/child_table.hpp"
#include "pg/durable/enqueue.hpp"
#include "pg/durable/failure_of_job.hpp"
#include "pg/durable/flow.hpp"
#include "pg/durable/procedure.hpp"
#include "pg/durable/step_failure.hpp"
#include "pg/durable/top_level.hpp"
#include "pg/durable/wake.hpp"
#include "pgcrew/args.hpp"
#include "pgcrew/json.hpp"

#include <unordered_map>

extern "C" {
#include <catalog/pg_type.h>
#include <utils/array.h>
}

namespace pgcrew::bgjob {

void check_depth(const DurableJob &parent) {
    JobTable jobs;
    int depth = 1;
    for (int64 id = parent.parent; id != 0 && depth <= limits::child_depth; ++depth) {
        const std::optional<DurableJob> above = jobs.find(id);
        id = above ? above->parent : 0;
    }
    if (depth > limits::child_depth)
        throw Error(sqlstate::configuration_limit_exceeded, "children are nested too deeply",
                    "At most " + std::to_string(limits::child_depth) + " levels are allowed.");
}

DurableJob child_of(const Flow &flow) {
    DurableJob child;
    child.parent = flow.job.id;
    child.queue = flow.job.queue;
    child.priority = flow.job.priority;
    return child;
}

namespace {

void fail(HistoryEntry &entry, const SqlState &state, const std::string &message) {
    ServerErrorData error;
    error.state = state;
    error.message = message;
    entry.state = EntryState::Failed;
    entry.result = failure_record(error);
}

} // namespace

void conclude_failed(HistoryEntry &entry, const Flow &flow, int64 id) {
    const Child child = ChildTable().find(flow.job.id, id).value_or(Child{});
    fail(entry, child.sqlstate.empty() ? sqlstate::query_canceled : SqlState::of(child.sqlstate),
         "child job " + std::to_string(id) + " " + name(child.state) +
             (child.message.empty() ? "" : ": " + child.message));
}

void conclude_with_results(HistoryEntry &entry, const Flow &flow,
                           const std::vector<int64> &children) {
    ChildTable table;
    std::string list = "[";
    for (const int64 id : children) {
        const std::optional<Child> child = table.find(flow.job.id, id);
        if (list.size() > 1)
            list += ',';
        list += child && child->result ? *child->result : "null";
        if (static_cast<std::int64_t>(list.size()) > flow.most_result) {
            fail(entry, sqlstate::program_limit_exceeded, "results of children are too large");
            return;
        }
        check_for_interrupts();
    }
    entry.result = list + "]";
}

namespace {

class SpawnDeparture : public Departure {
  public:
    SpawnDeparture(FlowHistory::Place place, DurableJob child)
        : place_(std::move(place)), child_(std::move(child)) {}

    Next settle(Flow &flow) override {
        HistoryEntry entry;
        try {
            entry = bookkeeping([&] {
                check_depth(flow.job);
                HistoryEntry e = entry_at(flow, place_);
                e.reference = add_job(child_);
                e.state = EntryState::Done;
                e.ended = e.began;
                ChildTable().add(flow.job.id, e.reference);
                store_entry(flow, e);
                return e;
            });
        } catch (...) {
            RetryPolicy once;
            once.attempts = 1;
            return settle_failure(flow, place_, once, failure_of_job(), child_.args);
        }
        flow.history.store(std::move(entry));
        return Next::Again;
    }

  private:
    FlowHistory::Place place_;
    DurableJob child_;
};

// What a join makes of how its children stand.
struct Verdict {
    bool over = false;
    int64 failed = 0; // the child whose failure is raised
    int64 winner = 0;
    int64 stranger = 0; // who is no child
};

struct Standing {
    int64 job;
    DurableState state;
};

Verdict judge_all(const std::vector<Standing> &children) {
    bool all = true;
    for (const Standing &child : children) {
        if (child.state != DurableState::None && child.state != DurableState::Succeeded)
            return {.over = true, .failed = child.job};
        all &= child.state == DurableState::Succeeded;
    }
    return {.over = all};
}

Verdict judge_any(const std::vector<Standing> &children) {
    int64 failed = 0;
    bool all_ended = true;
    for (const Standing &child : children) {
        if (child.state == DurableState::Succeeded)
            return {.over = true, .winner = child.job};
        if (child.state == DurableState::None)
            all_ended = false;
        else
            failed = child.job;
    }
    return {.over = all_ended, .failed = all_ended ? failed : 0};
}

class JoinDeparture : public Departure {
  public:
    JoinDeparture(HistoryEntry entry, std::vector<int64> jobs, bool any)
        : entry_(std::move(entry)), jobs_(std::move(jobs)), any_(any) {}

    Next settle(Flow &flow) override {
        const bool is_new = flow.history.next_seq() == entry_.seq;
        const bool over = bookkeeping([&] {
            const Verdict verdict = look(flow);
            if (verdict.over)
                finish(flow, verdict);
            if (verdict.over || is_new)
                store_entry(flow, entry_);
            if (!verdict.over)
                suspend(flow, DurableEvent::Suspend, DT_NOEND, "children");
            return verdict.over;
        });
        if (over) {
            flow.history.store(std::move(entry_));
            return Next::Again;
        }
        // One that ended before the job was known to wait has woken nobody.
        bookkeeping([&] {
            if (look(flow).over)
                wake_or_tell(flow.job.id);
        });
        return Next::Suspended;
    }

  private:
    Verdict look(const Flow &flow) const {
        std::unordered_map<int64, DurableState> states;
        for (const ChildMark &child : ChildTable().marks(flow.job.id))
            states.emplace(child.job, child.state);
        std::vector<Standing> children;
        for (const int64 job : jobs_) {
            const auto known = states.find(job);
            if (known == states.end())
                return {.over = true, .stranger = job};
            children.push_back({job, known->second});
        }
        return any_ ? judge_any(children) : judge_all(children);
    }

    void finish(const Flow &flow, const Verdict &verdict) {
        entry_.state = EntryState::Done;
        entry_.ended = GetCurrentTimestamp();
        if (verdict.stranger != 0)
            fail(entry_, sqlstate::undefined_object,
                 "job " + std::to_string(verdict.stranger) + " is no child of this workflow");
        else if (verdict.failed != 0)
            conclude_failed(entry_, flow, verdict.failed);
        else if (!any_)
            conclude_with_results(entry_, flow, jobs_);
        else if (verdict.winner != 0)
            win(verdict.winner);
    }

    void win(int64 winner) {
        entry_.result = std::to_string(winner);
        for (const int64 other : jobs_)
            if (other != winner)
                cancel_child(other, "another child was faster");
    }

    HistoryEntry entry_;
    std::vector<int64> jobs_;
    bool any_;
};

std::vector<int64> jobs_of(const Args &args) {
    const Datum array = args.datum(0, "jobs");
    struct {
        int64 *at;
        std::size_t count;
        bool with_null;
    } raw{};
    call([&] {
        ArrayType *list = DatumGetArrayTypeP(array);
        Datum *elements = nullptr;
        bool *nulls = nullptr;
        int count = 0;
        deconstruct_array(list, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elements,
                          &nulls, &count);
        raw.at = static_cast<int64 *>(palloc(sizeof(int64) * static_cast<std::size_t>(count + 1)));
        for (int i = 0; i < count; ++i) {
            raw.with_null |= nulls[i];
            raw.at[raw.count++] = nulls[i] ? 0 : DatumGetInt64(elements[i]);
        }
    });
    if (raw.with_null)
        throw Error(sqlstate::null_value_not_allowed, "jobs must not contain null");
    return {raw.at, raw.at + raw.count};
}

const HistoryEntry *join(const Args &args, const std::string &name, bool any) {
    Flow &flow = require_flow(any ? "bgjob.join_any()" : "bgjob.join()");
    const auto place = arrive(flow, EntryKind::Join, name);
    const HistoryEntry *known = flow.history.find(place);
    if (known != nullptr && known->state == EntryState::Done)
        return known;
    if (known != nullptr && known->state == EntryState::Failed)
        raise_recorded_failure(flow, *known);
    leave(flow, std::make_unique<JoinDeparture>(entry_at(flow, place), jobs_of(args), any));
}

Datum spawn(const Args &args, DurableJob child, const std::string &name) {
    Flow &flow = require_flow("bgjob.spawn()");
    const auto place = arrive(flow, EntryKind::Spawn, name);
    const HistoryEntry *known = flow.history.find(place);
    if (known != nullptr && known->state == EntryState::Done)
        return Int64GetDatum(known->reference);
    if (known != nullptr)
        raise_recorded_failure(flow, *known);
    child.args = args.opt_jsonb(1);
    child.options = args.opt_jsonb(3);
    leave(flow, std::make_unique<SpawnDeparture>(place, std::move(child)));
}

} // namespace

// command, args, name, options
PGCREW_FUNCTION(bgjob_spawn) {
    const Args args(fcinfo);
    DurableJob child = child_of(require_flow("bgjob.spawn()"));
    child.command = args.text(0, "command");
    return spawn(args, std::move(child), args.text(2, "name"));
}

PGCREW_FUNCTION(bgjob_spawn_workflow) {
    const Args args(fcinfo);
    DurableJob child = child_of(require_flow("bgjob.spawn_workflow()"));
    child.kind = JobKind::Workflow;
    child.command = call_of_procedure(args.text(0, "procedure"));
    return spawn(args, std::move(child), args.text(2, "name"));
}

// jobs, [results,] name
PGCREW_FUNCTION(bgjob_join) {
    const Args args(fcinfo);
    (void)join(args, args.text(1, "name"), false);
    return 0;
}

PGCREW_FUNCTION(bgjob_join_results) {
    const Args args(fcinfo);
    return result_record(fcinfo, join(args, args.text(2, "name"), false)->result);
}

PGCREW_FUNCTION(bgjob_join_any) {
    const Args args(fcinfo);
    (void)join(args, args.text(1, "name"), true);
    return 0;
}

PGCREW_FUNCTION(bgjob_join_any_winner) {
    const Args args(fcinfo);
    const HistoryEntry *entry = join(args, args.text(2, "name"), true);
    const int64 winner = entry->result ? std::stoll(*entry->result) : 0;
    return Record(fcinfo).make({bigint_or_null(winner)});
}

} // namespace pgcrew::bgjob
