// The durable job that a worker runs: known in shared memory to whoever wants to cancel it, and in
// the file of jobs in flight should the server end without a word.
#pragma once
#include "pg/registry.hpp"

#include <optional>
#include <string>

namespace pgcrew::bgjob {

// For a worker, once.
void take_place(WorkerSlot *me, int slot);

class InHand : NoCopy {
  public:
    explicit InHand(JobId job);
    ~InHand();
};

// Whether somebody wants the job cancelled that this worker runs.
bool cancel_wanted() noexcept;

// From here on nobody interrupts the job; the reason if somebody wanted it cancelled.
std::optional<std::string> let_go();

// Interrupts the SQL of the job if a worker of this database runs it; that it was for this wish the
// worker sees. Lock held exclusively: it cannot come to another job meanwhile. False if none has
// it.
bool interrupt_job(const Locked &locked, Oid database, const CancelWish &wish);

} // namespace pgcrew::bgjob
