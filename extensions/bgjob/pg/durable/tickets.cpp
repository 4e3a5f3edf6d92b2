#include "pg/durable/tickets.hpp"

#include "pg/durable/dispatcher.hpp"
#include "pg/supervisor.hpp"

namespace pgcrew::bgjob {
namespace {

// An idle worker of the crew is woken and finds the tickets by itself.
bool wake_idle_worker(Locked &locked, const Crew &crew) {
    WorkerSlot *workers = locked.workers();
    for (int i = 0; i < segment().worker_slots; ++i)
        if (workers[i].state == WorkerState::Idle && !workers[i].dismissed &&
            workers[i].database == crew.database && workers[i].role == crew.role) {
            locked.wake.process(workers[i].proc);
            return true;
        }
    return false;
}

} // namespace

DurableDatabase &require_durable_database(Locked &, Oid database) {
    DurableDatabase *found = nullptr;
    for_each_durable_database([&](DurableDatabase &entry) {
        if (entry.database == database)
            found = &entry;
    });
    if (found != nullptr)
        return *found;
    return *call([&] {
        const dsa_pointer p = dsa_allocate0(area(), sizeof(DurableDatabase));
        auto *entry = address<DurableDatabase>(p);
        entry->database = database;
        entry->earliest = entry->task_due = entry->announce_at = DT_NOEND;
        entry->next_look = entry->start_at = DT_NOEND;
        entry->next = segment().durable_databases;
        segment().durable_databases = p;
        return entry;
    });
}

bool is_known_durable_database(const Locked &, Oid database) {
    bool known = false;
    for_each_durable_database(
        [&](const DurableDatabase &entry) { known |= entry.database == database; });
    return known;
}

void drop_durable_database(Locked &, Oid database) {
    call([&] {
        for (dsa_pointer *link = &segment().durable_databases; *link != InvalidDsaPointer;) {
            const dsa_pointer p = *link;
            auto *entry = address<DurableDatabase>(p);
            if (entry->database != database) {
                link = &entry->next;
                continue;
            }
            *link = entry->next;
            dsa_free(area(), p);
        }
    });
}

void give_tickets(Oid database, Oid role, const std::vector<Ticket> &tickets) {
    bool served = false;
    {
        Locked locked(LW_EXCLUSIVE);
        Crew &crew = locked.require_crew(database, role);
        if (crew.tickets == 0)
            crew.ticket_since = crew.backlog_since = GetCurrentTimestamp();
        for (const Ticket &ticket : tickets) {
            if (crew.tickets == crew_tickets)
                break;
            crew.ticket[(crew.first_ticket + crew.tickets++) % crew_tickets] = ticket;
        }
        served = wake_idle_worker(locked, crew) || !tickets_need_worker(locked, crew);
        if (!served)
            wake_supervisor(locked);
    }
    if (!served)
        ensure_supervisor();
}

bool take_tickets(Locked &locked, Crew &crew, int slot) {
    constexpr int few = crew_tickets / 2;
    WorkerSlot &me = locked.workers()[slot];
    me.tickets = 0;
    if (crew.tickets == 0)
        return false;
    const bool many = crew.tickets >= few;
    const Ticket &first = crew.ticket[crew.first_ticket];
    const int most = Max(1, Min(first.group, worker_tickets));
    const int32 queue = first.queue;
    while (crew.tickets > 0 && me.tickets < most && crew.ticket[crew.first_ticket].queue == queue) {
        me.ticket[me.tickets++] = crew.ticket[crew.first_ticket];
        crew.first_ticket = (crew.first_ticket + 1) % crew_tickets;
        --crew.tickets;
    }
    crew.ticket_since = me.since = GetCurrentTimestamp();
    me.state = WorkerState::Busy;
    if (many && crew.tickets < few)
        rouse_dispatcher(locked, require_durable_database(locked, crew.database));
    else if (crew.tickets > 0)
        (void)wake_idle_worker(locked, crew); // each wakes the next one
    return true;
}

void finish_tickets(Locked &locked, WorkerSlot &worker) {
    if (worker.ticket[0].limited)
        rouse_dispatcher(locked, require_durable_database(locked, worker.database));
    worker.jobs_done += worker.tickets;
    worker.tickets = 0;
    worker.state = WorkerState::Resetting;
}

void lose_tickets(Locked &locked, WorkerSlot &worker) {
    if (worker.tickets == 0)
        return;
    worker.tickets = 0;
    DurableDatabase &entry = require_durable_database(locked, worker.database);
    entry.earliest = DT_NOBEGIN;
    rouse_dispatcher(locked, entry);
}

void note_death(Locked &locked, const WorkerSlot &worker, int sqlstate) {
    if (worker.durable == 0)
        return;
    DurableDatabase &entry = require_durable_database(locked, worker.database);
    if (entry.deaths < database_deaths)
        entry.death[entry.deaths++] = {worker.durable, sqlstate};
    rouse_dispatcher(locked, entry);
}

void put_off_start(Crew &crew, int sqlstate) {
    constexpr int64 first_pause_us = 1'000'000, longest_pause_us = 60'000'000;
    crew.tickets = 0;
    crew.last_refusal = sqlstate;
    crew.not_before =
        GetCurrentTimestamp() + Min(first_pause_us << Min(crew.refusals, 10), longest_pause_us);
    ++crew.refusals;
}

TicketsInUse tickets_in_use(Oid database) {
    TicketsInUse used;
    Locked locked(LW_SHARED);
    const WorkerSlot *workers = locked.workers();
    for (int i = 0; i < segment().worker_slots; ++i)
        if (workers[i].state != WorkerState::Free && workers[i].database == database)
            used.in_hands.insert(used.in_hands.end(), workers[i].ticket,
                                 workers[i].ticket + workers[i].tickets);
    for (dsa_pointer p = segment().crews; p != InvalidDsaPointer;) {
        const Crew &crew = *call([&] { return address<Crew>(p); });
        p = crew.next;
        if (crew.database != database || crew.tickets == 0)
            continue;
        used.rings.push_back({crew.role, crew.tickets});
        for (int i = 0; i < crew.tickets; ++i)
            used.in_rings.push_back(crew.ticket[(crew.first_ticket + i) % crew_tickets]);
    }
    return used;
}

} // namespace pgcrew::bgjob
