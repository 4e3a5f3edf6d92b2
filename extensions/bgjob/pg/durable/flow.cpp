#include "pg/durable/flow.hpp"

#include "core/names.hpp"
#include "pg/durable/at_commit.hpp"
#include "pg/durable/pause.hpp"
#include "pg/durable/require_free.hpp"
#include "pg/durable/step_table.hpp"
#include "pg/fault.hpp"

#include <utility>

namespace pgcrew::bgjob {
namespace {

Flow *running = nullptr;
Flow *in_step = nullptr; // whose step runs

// What the workflow has said of itself can be seen when this commits.
void write_status(const Flow &flow) {
    if (!flow.status)
        return;
    JobTable jobs;
    const std::optional<DurableJob> job = jobs.find(flow.job.id);
    if (job && job->status != *flow.status)
        (void)jobs.update(*job, {{job_column::Status, Value(*flow.status)}});
}

[[noreturn]] void unwind() {
    throw Error(sqlstate::query_canceled, "workflow suspends",
                "The procedure is left here and entered again later.");
}

} // namespace

void set_current_flow(Flow *flow) noexcept { running = flow; }

InStep::InStep(Flow &flow) noexcept : outer_(std::exchange(running, nullptr)) { in_step = &flow; }

InStep::~InStep() {
    running = outer_;
    in_step = nullptr;
}

Flow &require_flow_or_step(const char *function) {
    return in_step != nullptr ? *in_step : require_flow(function);
}

Flow &require_flow(const char *function) {
    if (running == nullptr)
        throw Error(sqlstate::object_not_in_prerequisite_state,
                    std::string(function) + " can be called by a workflow only", "",
                    "Start the procedure with bgjob.start().");
    if (running->departure)
        unwind();
    return *running;
}

FlowHistory::Place arrive(Flow &flow, EntryKind kind, const std::string &name) {
    check_name(std::string(bgjob::name(kind)) + " name", name);
    if (!flow.lock.held())
        throw Error(sqlstate::object_not_in_prerequisite_state, "workflow has lost its lock",
                    "A step has released all advisory locks of the session.");
    FlowHistory::Place place = flow.history.come_to(kind, name);
    if (flow.history.find(place) != nullptr)
        flow.status.reset(); // what was said on the way to it was said before
    return place;
}

void leave(Flow &flow, std::unique_ptr<Departure> why) {
    flow.departure = std::move(why);
    unwind();
}

HistoryEntry entry_at(const Flow &flow, const FlowHistory::Place &place) {
    if (const HistoryEntry *known = flow.history.find(place))
        return *known;
    HistoryEntry entry;
    entry.seq = flow.history.next_seq();
    entry.kind = place.kind;
    entry.occurrence = place.occurrence;
    entry.name = place.name;
    entry.began = GetCurrentTimestamp();
    return entry;
}

void store_entry(Flow &flow, const HistoryEntry &entry) {
    write_status(flow);
    StepTable().store(flow.job.id, entry, entry.seq == flow.history.next_seq());
}

void suspend(Flow &flow, DurableEvent why, TimestampTz due_at, const std::string &what) {
    JobTable jobs;
    std::optional<DurableJob> job = jobs.find(flow.job.id);
    if (!job)
        throw Error(sqlstate::serialization_failure, "another worker has ended the job");
    const TimestampTz now = GetCurrentTimestamp();
    const bool goes_on_waiting = job->waits_for == what && job->waits_since != 0;
    const Rest rest = rest_of(*job, advance(in_work(job->state), why, {}), due_at);
    require_free(jobs.update(
        *job, {{job_column::State, state_value(rest.state)},
               {job_column::DueAt, time_value(rest.due_at)},
               {job_column::Status, text_or_null(flow.status.value_or(job->status))},
               {job_column::BeganAt, time_value(job->began_at ? job->began_at : flow.began)},
               {job_column::WaitsSince, time_value(goes_on_waiting ? job->waits_since : now)},
               {job_column::WaitsFor, Value(what)}}));
    fault_point("before_suspend");
    tell_of_due_job(rest.due_at);
}

} // namespace pgcrew::bgjob
