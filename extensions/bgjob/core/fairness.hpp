// Which crew gets the next worker, and when a worker gives its place to another crew: roles share
// the slots evenly, so a thousand jobs of one role do not starve the one job of another.
#pragma once
#include <cstdint>
#include <vector>

namespace pgcrew::bgjob {

// What one crew, the (database, role) it works for, asks for.
struct Demand {
    int unserved = 0;               // queued jobs that no worker is about to take
    int workers = 0;                // it has in this crew
    int role_workers = 0;           // its role has in all crews
    int max_workers = 0;            // its limit in this crew, 0: none
    std::int64_t waiting_since = 0; // for its next worker
};

// The index of the crew to serve next: fewest workers of the role, then fewest of the crew, then
// the longest wait. -1 if nobody may have another worker.
int neediest(const std::vector<Demand> &crews) noexcept;

// Whether a worker that just finished a job leaves so that a starving crew can have its slot. Not
// when the crews would only change places: that costs the start of a process each time.
bool gives_way(int own_role_workers, int own_workers, int starving_role_workers,
               int starving_workers, bool same_role) noexcept;

} // namespace pgcrew::bgjob
