// A workflow in the hands of a worker: its procedure runs from the beginning, what its history
// knows returns at once, and so it comes to where it was. Whatever cannot be done in the middle of
// a procedure makes it leave: an error that WHEN OTHERS does not catch unwinds it to the top level,
// where the departure is settled in transactions of its own; then the procedure is entered again,
// at once or when its time has come.
#pragma once
#include "core/flow_history.hpp"
#include "core/job_options.hpp"
#include "pg/durable/job_lock.hpp"
#include "pg/durable/job_table.hpp"
#include "pgcrew/server_error.hpp"

#include <memory>

namespace pgcrew::bgjob {

struct Flow;

enum class Next { Again, Suspended, Ended };

// Why a procedure was left, and what is done about it.
class Departure : NoCopy {
  public:
    virtual ~Departure() = default;
    virtual Next settle(Flow &flow) = 0; // no transaction is open
};

struct Flow : NoCopy {
    explicit Flow(int64 job) : id(job), lock(job) {}
    const int64 id;
    JobLock lock;
    bool taken_up = false; // what follows has been read
    DurableJob job;
    JobOptions options;
    std::int64_t most_result = 0; // bytes of a step's
    FlowHistory history;
    TimestampTz began = 0; // this worker's work on it
    std::unique_ptr<Departure> departure;
    std::optional<std::string> status; // what it said last, unless an earlier run said it
    bool raised_failure = false;       // a recorded one: trying again changes nothing
};

// While its procedure runs; null in every other process and at every other time.
void set_current_flow(Flow *) noexcept;

// While the statement of a step runs, which is not the procedure: nothing can suspend there.
class InStep : NoCopy {
  public:
    explicit InStep(Flow &flow) noexcept;
    ~InStep();

  private:
    Flow *outer_;
};

// For procedures that users call: the flow, and where it is. 55000 outside of workflows, 22023 for
// a bad name. A procedure that was left and goes on all the same is left again.
Flow &require_flow(const char *function);
Flow &require_flow_or_step(const char *function);
FlowHistory::Place arrive(Flow &flow, EntryKind kind, const std::string &name);
[[noreturn]] void leave(Flow &flow, std::unique_ptr<Departure> why);

// The entry of a place: the known one, or a new one with the next seq that begins now.
HistoryEntry entry_at(const Flow &flow, const FlowHistory::Place &place);

// In a transaction: stores the entry in the table, and what the workflow has said of itself; once
// that has committed it goes into the history.
void store_entry(Flow &flow, const HistoryEntry &entry);

// In a transaction: the job leaves its worker until then, or an event; `why` is Suspend, FailForNow
// or UndoFailed. `what` is for people: "signal approved".
void suspend(Flow &flow, DurableEvent why, TimestampTz due_at, const std::string &what);

} // namespace pgcrew::bgjob
