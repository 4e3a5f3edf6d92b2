// bgjob.trace(): what the tables know of a job and its children, as core/trace.hpp draws it.
#include "core/trace.hpp"
#include "pg/durable/child_table.hpp"
#include "pg/durable/durable_workers.hpp"
#include "pg/durable/job_status.hpp"
#include "pg/durable/queue_cache.hpp"
#include "pg/durable/step_table.hpp"
#include "pg/durable/utf8.hpp"
#include "pgcrew/args.hpp"

namespace pgcrew::bgjob {
namespace {

constexpr int most_jobs = 2000;

std::optional<std::int64_t> moment(TimestampTz at) {
    return at == 0 ? std::nullopt : std::optional(unix_us(at));
}

// A procedure is called; people know it by its name.
std::string name_of(const DurableJob &job) {
    constexpr std::string_view call = "CALL ";
    if (job.kind == JobKind::Workflow && job.command.starts_with(call))
        return to_utf8(job.command.substr(call.size(), job.command.rfind('(') - call.size()));
    return to_utf8(job.command);
}

TraceKind kind_of(EntryKind kind) {
    switch (kind) {
    case EntryKind::Step:
        return TraceKind::Step;
    case EntryKind::Task:
        return TraceKind::Task;
    case EntryKind::Sleep:
        return TraceKind::Sleep;
    case EntryKind::Signal:
        return TraceKind::WaitSignal;
    case EntryKind::Undo:
        return TraceKind::Undo;
    case EntryKind::Spawn:
    case EntryKind::Join:
    case EntryKind::Map:
        break;
    }
    return TraceKind::Child;
}

void add_failures(TraceStep &step, int32 seq, const std::vector<FailedAttempt> &failures) {
    for (const FailedAttempt &one : failures)
        if (one.seq == seq)
            step.attempts.push_back(
                {unix_us(one.began), unix_us(one.ended), one.sqlstate, to_utf8(one.message)});
}

// The last attempt, which did not fail. When it began is not written down.
void add_success(TraceStep &step) {
    if (!step.attempts.empty())
        step.attempts.push_back({*step.ended, *step.ended});
}

TraceStep step_of(const HistoryEntry &entry, const std::vector<FailedAttempt> &failures) {
    TraceStep step;
    step.kind = kind_of(entry.kind);
    step.name = to_utf8(entry.name);
    if (entry.kind != EntryKind::Undo)
        step.occurrence = entry.occurrence;
    step.began = unix_us(entry.began);
    step.ended = moment(entry.ended);
    if (entry.kind == EntryKind::Sleep && entry.due <= GetCurrentTimestamp())
        step.ended = unix_us(entry.due); // nobody writes down that it is over
    add_failures(step, entry.seq, failures);
    if (entry.state == EntryState::Done)
        add_success(step);
    return step;
}

class Reader {
  public:
    explicit Reader(int depth) : depth_(depth) {}

    TraceJob read(const EndedJob &known, int depth) {
        const DurableJob &job = known.job;
        const TimestampTz running = known.ended_at == 0 ? runs_since(job.id) : 0;
        const std::vector<FailedAttempt> failures = failed_attempts(job.id);
        TimestampTz began = job.began_at != 0 ? job.began_at : running;
        if (began == 0 && !failures.empty())
            began = failures.front().began;
        TraceJob out;
        out.id = job.id;
        out.key = to_utf8(job.key);
        out.name = name_of(job);
        out.queue = to_utf8(queue_of_id(job.queue).name);
        out.state = shown(known, running);
        out.enqueued = unix_us(job.enqueued_at);
        out.began = moment(began);
        out.ended = moment(known.ended_at);
        out.sqlstate = job.sqlstate;
        out.message = to_utf8(job.message);
        if (job.kind == JobKind::Statement && began != 0)
            add_statement(out, failures);
        else if (job.kind == JobKind::Workflow)
            add_steps(out, failures, depth);
        return out;
    }

  private:
    static void add_statement(TraceJob &out, const std::vector<FailedAttempt> &failures) {
        TraceStep step;
        step.name = out.name;
        step.began = failures.empty() ? *out.began : unix_us(failures.front().began);
        step.ended = out.ended;
        add_failures(step, 0, failures);
        if (out.state == DurableState::Succeeded)
            add_success(step);
        out.steps.push_back(std::move(step));
    }

    void add_steps(TraceJob &out, const std::vector<FailedAttempt> &failures, int depth) {
        TraceStep procedure; // shown if it failed by itself
        procedure.name = out.name;
        procedure.ended = out.ended;
        add_failures(procedure, 0, failures);
        if (out.state == DurableState::Succeeded)
            add_success(procedure);
        if (!procedure.attempts.empty()) {
            procedure.began = procedure.attempts.front().began;
            out.steps.push_back(std::move(procedure));
        }
        std::vector<int64> first_child(out.steps.size());
        const FlowHistory history = StepTable().load(out.id);
        for (const HistoryEntry &entry : history.entries()) {
            out.steps.push_back(step_of(entry, failures));
            if (!out.steps.back().ended)
                out.steps.back().ended = out.ended;
            first_child.push_back(kind_of(entry.kind) == TraceKind::Child ? entry.reference : 0);
        }
        for (const Child &child : ChildTable().of(out.id))
            add_child(out, child, first_child, depth);
    }

    // Below the step that began it: the last one whose first child is not younger.
    void add_child(TraceJob &out, const Child &child, std::vector<int64> &first_child, int depth) {
        if (++jobs_ > most_jobs)
            throw Error(sqlstate::program_limit_exceeded, "job has too many children to be drawn",
                        "There are more than " + std::to_string(most_jobs) + ".",
                        "Use bgjob.jobs.");
        std::size_t place = out.steps.size();
        for (std::size_t i = 0; i < out.steps.size(); ++i)
            if (first_child[i] != 0 && first_child[i] <= child.job)
                place = i;
        if (place == out.steps.size()) {
            TraceStep step;
            step.name = "children";
            step.kind = TraceKind::Child;
            step.began = out.began.value_or(out.enqueued);
            step.ended = out.ended;
            out.steps.push_back(std::move(step));
            first_child.push_back(1);
        }
        out.steps[place].children.push_back(child_job(child, out.steps[place], depth));
    }

    TraceJob child_job(const Child &child, const TraceStep &step, int depth) {
        const std::optional<EndedJob> known = find_job(child.job);
        if (known && depth < depth_)
            return read(*known, depth + 1);
        TraceJob out; // it was not kept
        out.id = child.job;
        out.state = child.state;
        out.enqueued = step.began;
        out.ended = step.ended;
        out.sqlstate = child.sqlstate;
        out.message = to_utf8(child.message);
        return out;
    }

    const int depth_;
    int jobs_ = 0;
};

} // namespace

PGCREW_FUNCTION(bgjob_trace) {
    const EndedJob known = look_at_job(Args(fcinfo).int64(0, "job"));
    TraceOptions options;
    options.now = unix_us(GetCurrentTimestamp());
    const TraceJob job = Reader(options.depth).read(known, 0);
    return result(fcinfo, from_utf8(draw(job, options)));
}

} // namespace pgcrew::bgjob
