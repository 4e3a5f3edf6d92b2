// Tickets: ids of durable jobs that are due, on their way from the dispatcher of a database to the
// workers of a crew. A ticket is a hint: whether a job may run is for its row to say. So tickets
// may be lost with their worker, or be there twice, and the dispatcher hands out what is still due.
#pragma once
#include "pg/queue.hpp"

#include <vector>

namespace pgcrew::bgjob {

// The first call for a database makes its entry. Lock held exclusively.
DurableDatabase &require_durable_database(Locked &locked, Oid database);
bool is_known_durable_database(const Locked &locked, Oid database); // lock held
void drop_durable_database(Locked &locked, Oid database);           // lock held exclusively
template <class F> void for_each_durable_database(F f) {            // lock held; f is plain C
    call([&] {
        for (dsa_pointer p = segment().durable_databases; p != InvalidDsaPointer;) {
            auto *entry = address<DurableDatabase>(p);
            f(*entry);
            p = entry->next;
        }
    });
}

// Gives the tickets to the crew of the role, as many as it has room for, and sees that there is a
// worker to take them, and those that were there before.
void give_tickets(Oid database, Oid role, const std::vector<Ticket> &tickets);

// Takes a ticket for the worker in `slot`, which is busy then, or those of a group; false if there
// were none. One at a time: what waits for the end of a long job can go to another worker. Lock
// held exclusively.
bool take_tickets(Locked &locked, Crew &crew, int slot);

// The worker is done with its tickets. Lock held exclusively.
void finish_tickets(Locked &locked, WorkerSlot &worker);

// A worker that dies by a FATAL while it runs a durable job has to be told of, so that the job is
// charged with it. Lock held exclusively.
void note_death(Locked &locked, const WorkerSlot &worker, int sqlstate);

// No worker could connect for the crew: its tickets are dropped, and the next worker is started
// after a pause, which grows. Lock held exclusively.
void put_off_start(Crew &crew, int sqlstate);

// A worker that dies may not have looked at its tickets. Lock held exclusively.
void lose_tickets(Locked &locked, WorkerSlot &worker);

// All that are on their way or in a worker's hands, for this database.
struct TicketsInUse {
    struct Ring {
        Oid role;
        int tickets;
    };
    std::vector<Ticket> in_hands, in_rings;
    std::vector<Ring> rings; // that are not empty
};
TicketsInUse tickets_in_use(Oid database);

} // namespace pgcrew::bgjob
