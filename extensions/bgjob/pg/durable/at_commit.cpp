#include "pg/durable/at_commit.hpp"

#include "pg/durable/dispatcher.hpp"
#include "pg/durable/tickets.hpp"

#include <algorithm>

extern "C" {
#include <access/xact.h>
#include <miscadmin.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr std::size_t most_events = 1000; // remembered by one transaction

struct Untold {
    TimestampTz earliest = DT_NOEND, task_due = DT_NOEND;
    bool jobs = false, lost = false, queues = false, schedules = false;
    std::vector<JobId> events;
};

Untold &news() {
    static auto *const untold = new Untold; // never destroyed
    return *untold;
}

void tell() {
    const Untold &untold = news();
    bool awaited = untold.lost || untold.queues || untold.schedules || !untold.events.empty();
    {
        Locked locked(LW_EXCLUSIVE);
        DurableDatabase &entry = require_durable_database(locked, MyDatabaseId);
        entry.earliest = Min(entry.earliest, untold.earliest);
        entry.task_due = Min(entry.task_due, untold.task_due);
        entry.events_lost |= untold.lost;
        entry.queues_changed |= untold.queues;
        entry.schedules |= untold.schedules;
        for (const JobId id : untold.events) {
            if (entry.events == database_events) {
                entry.events_lost = true;
                break;
            }
            entry.event[entry.events++] = id;
        }
        // It looks in time by itself at what is due later.
        awaited |=
            entry.dispatcher == nullptr || Min(untold.earliest, untold.task_due) < entry.next_look;
    }
    if (awaited)
        want_dispatcher(MyDatabaseId);
}

// Whoever commits it tells nobody.
void tell_of_prepared() {
    {
        Locked locked(LW_EXCLUSIVE);
        require_durable_database(locked, MyDatabaseId).prepared_at = GetCurrentTimestamp();
    }
    want_dispatcher(MyDatabaseId);
}

void after_transaction(XactEvent event, void *) {
    Untold &untold = news();
    const bool something = untold.jobs || untold.lost || untold.queues || untold.schedules ||
                           untold.task_due != DT_NOEND || !untold.events.empty();
    if (event == XACT_EVENT_COMMIT && something)
        cleanup("waking the dispatcher", [] { tell(); });
    if (event == XACT_EVENT_PREPARE && something)
        cleanup("waking the dispatcher", [] { tell_of_prepared(); });
    if (something &&
        (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE))
        untold = {};
}

void listen() {
    static bool registered = false;
    if (!std::exchange(registered, true))
        call([] { RegisterXactCallback(callback<&after_transaction>, nullptr); });
    (void)segment();
}

} // namespace

void tell_of_due_job(TimestampTz due_at) {
    listen();
    Untold &untold = news();
    untold.jobs = true;
    untold.earliest = Min(untold.earliest, due_at);
}

void tell_of_event(JobId job) {
    listen();
    Untold &untold = news();
    auto &events = untold.events;
    if (std::find(events.begin(), events.end(), job) != events.end())
        return;
    if (events.size() == most_events)
        untold.lost = true;
    else
        events.push_back(job);
}

void tell_of_due_task(TimestampTz due_at) {
    listen();
    Untold &untold = news();
    untold.task_due = Min(untold.task_due, due_at);
}

void tell_of_queues() {
    listen();
    Untold &untold = news();
    untold.queues = true;
}

void tell_of_schedules() {
    listen();
    Untold &untold = news();
    untold.schedules = true;
}

News take_news(Oid database) {
    News fresh{};
    fresh.earliest = DT_NOEND;
    fresh.events.reserve(database_events);
    fresh.deaths.reserve(database_deaths);
    Locked locked(LW_EXCLUSIVE);
    DurableDatabase &entry = require_durable_database(locked, database);
    fresh.events.assign(entry.event, entry.event + entry.events);
    fresh.events_lost = std::exchange(entry.events_lost, false);
    fresh.queues_changed = std::exchange(entry.queues_changed, false);
    fresh.earliest = std::exchange(entry.earliest, DT_NOEND);
    fresh.schedules = std::exchange(entry.schedules, false);
    fresh.task_due = std::exchange(entry.task_due, DT_NOEND);
    fresh.prepared_at = std::exchange(entry.prepared_at, 0);
    fresh.deaths.assign(entry.death, entry.death + entry.deaths);
    entry.events = entry.deaths = 0;
    entry.wanted = false;
    entry.next_look = DT_NOEND;
    return fresh;
}

} // namespace pgcrew::bgjob
