// The end of a durable job: what remains of it, and who is told.
#pragma once
#include "pg/durable/job_table.hpp"

namespace pgcrew::bgjob {

struct JobOutcome {
    DurableState state;                  // succeeded, failed or cancelled
    TimestampTz began = 0;               // 0: never
    std::optional<std::string> result{}; // JSON text
    std::string sqlstate{}, message{};   // empty if it succeeded
};

// In the transaction that ends the job, whose row has been removed.
void end_job(const DurableJob &job, const JobOutcome &outcome);

// Children of a map behind that one, which wait for their turn, may run: so many, or fewer. One
// that somebody else is about to change is passed over.
struct TurnsGiven {
    int count;
    bool passed_over;
};
TurnsGiven give_turns(int64 parent, int64 after, int most);

// Cancels the children that have not ended, from that id on.
void cancel_children(int64 parent, const std::string &reason, int64 first = 0);

} // namespace pgcrew::bgjob
