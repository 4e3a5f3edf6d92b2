// The dispatcher of a database: reads which durable jobs are due (backlog.cpp), gives their ids to
// the crews of their roles, and sleeps until the next one is due or somebody commits new ones. It
// holds nothing: the table says what is to be done, and after its death the next dispatcher reads
// it again. It leaves when there has been nothing to do for a while and will not be soon.
#include "pg/durable/dispatcher.hpp"

#include "pg/durable/alone.hpp"
#include "pg/durable/at_commit.hpp"
#include "pg/durable/backlog.hpp"
#include "pg/durable/cancel_job.hpp"
#include "pg/durable/history_upkeep.hpp"
#include "pg/durable/orphaned_job.hpp"
#include "pg/durable/prepared_news.hpp"
#include "pg/durable/schedule_fire.hpp"
#include "pg/durable/service_session.hpp"
#include "pg/durable/task_watch.hpp"
#include "pg/durable/tickets.hpp"
#include "pg/durable/unclean_ends.hpp"
#include "pg/durable/wake.hpp"
#include "pg/duroxide/announcements.hpp"
#include "pg/fault.hpp"
#include "pg/last_words.hpp"
#include "pg/settings.hpp"
#include "pg/supervisor.hpp"
#include "pgcrew/compat.hpp"
#include "pgcrew/worker.hpp"
#include "pgcrew/xact.hpp"

#include <algorithm>

extern "C" {
#include <storage/ipc.h>
#include <storage/latch.h>
#include <storage/proc.h>
}

namespace pgcrew::bgjob {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest_sleep{5000};
constexpr milliseconds look_again{20};     // while more is due than the crews have taken
constexpr milliseconds look_at_rest{1000}; // while they take none
constexpr int64 far_us = 60'000'000;       // nobody waits for what comes later
constexpr int64 early_us = 1'000'000;      // so much before that the next one starts
constexpr int64 long_term_us = 60'000'000; // after which a failure is the first one again
constexpr int64 first_pause_us = 100'000, longest_pause_us = 60'000'000; // between failures

Oid served = InvalidOid;
bool in_order = false; // it leaves as it should

// Lock held. Whoever fails is tried again, ever later, as long as there is a database.
void put_off_start(DurableDatabase &own) {
    const TimestampTz now = GetCurrentTimestamp();
    if (in_order || now - own.started_at > long_term_us)
        own.failures = 0;
    own.not_before = 0;
    if (in_order)
        return;
    own.not_before = now + Min(first_pause_us << Min(own.failures, 10), longest_pause_us);
    ++own.failures;
}

void leave(int, Datum) {
    if (served == InvalidOid)
        return;
    LWLockReleaseAll();
    Locked locked(LW_EXCLUSIVE);
    DurableDatabase &own = require_durable_database(locked, served);
    if (own.dispatcher != MyProc)
        return;
    own.dispatcher = nullptr;
    own.wanted = true;
    put_off_start(own);
    if (last_words().sqlstate == SqlState{"3D000"}.packed())
        drop_durable_database(locked, served);
    wake_supervisor(locked);
}

bool take_office(Oid database) {
    Locked locked(LW_EXCLUSIVE);
    DurableDatabase &own = require_durable_database(locked, database);
    if (own.dispatcher != nullptr)
        return false;
    own.dispatcher = MyProc;
    own.starting = own.dismissed = own.gives_way = false;
    own.events_lost = true; // whatever happened before, and what the last one knew
    served = database;
    return true;
}

// Jobs that something has happened to and whose rows were in somebody's hands.
std::vector<JobId> &unsettled() {
    static auto *const list = new std::vector<JobId>; // never destroyed
    return *list;
}

// Jobs whose workers have died with them.
void charge_deaths(News &news) {
    static auto &uncharged = *new std::vector<WorkerDeath>; // never destroyed
    uncharged.insert(uncharged.end(), news.deaths.begin(), news.deaths.end());
    std::erase_if(uncharged, [](const WorkerDeath &death) {
        return alone([&] { return charge_death(death); });
    });
    for (const WorkerDeath &death : news.deaths) // it may not have looked what it waits for
        news.events.push_back(death.job);
}

// All at once, or, if that fails for one of them, each by itself.
void wake_jobs(const std::vector<JobId> &jobs) {
    const auto wake = [](const std::vector<JobId> &some) {
        std::vector<JobId> busy;
        in_transaction([&] {
            for (const JobId id : some)
                if (!wake_job(id))
                    busy.push_back(id);
        });
        unsettled().insert(unsettled().end(), busy.begin(), busy.end());
        return true;
    };
    if (alone([&] { return wake(jobs); }))
        return;
    for (const JobId id : jobs)
        if (!alone([&] { return wake({id}); }))
            unsettled().push_back(id);
}

// Those that wait may have what they wait for.
void note_events(Backlog &backlog, News news) {
    if (news.earliest != DT_NOEND)
        backlog.lower_marks(news.earliest);
    if (news.queues_changed)
        forget_queues();
    charge_deaths(news);
    news.events.insert(news.events.end(), unsettled().begin(), unsettled().end());
    unsettled().clear();
    if (news.events_lost)
        news.events = in_transaction([&] { return jobs_with_mail(); });
    if (!news.events.empty())
        wake_jobs(news.events);
}

bool is_installed() {
    return in_transaction([] { return PrivateTable::exists("job"); });
}

struct Look {
    bool nothing = true;            // neither jobs nor schedules
    bool busy = false;              // there is something to do, or workers are at it
    TimestampTz next_at = DT_NOEND; // when something will be due
    TimestampTz look_at = DT_NOEND; // when it is looked again, at the latest

    // Whether it may leave.
    bool quiet() const noexcept { return !busy && next_at > GetCurrentTimestamp() + far_us; }
};

Look dispatch(Backlog &backlog) {
    static milliseconds pause = look_again;
    fault_point("in_dispatch");
    News news = take_news(served);
    const bool prepared = look_for_prepared_news(news);
    if (!is_installed())
        return {.busy = prepared};
    const bool schedules_changed = news.schedules;
    const TimestampTz task_due = news.task_due;
    note_events(backlog, std::move(news));
    const bool wishes_left = settle_wishes(served);
    const ScheduleLook schedules = fire_schedules(schedules_changed);
    const TimestampTz tasks_at = Min(watch_tasks(task_due), duroxide::watch_announcements(served));
    const Backlog::Outcome found = in_transaction([&] { return backlog.hand_out(served); });
    bool unfinished = !unsettled().empty() || wishes_left;
    for (const JobId id : backlog.take_orphans())
        (void)alone([id] { return fail_orphaned_job(id), true; }); // it is found again
    pause = found.changed ? look_again : std::min(pause * 2, look_at_rest);
    Look look{.nothing = found.empty && !schedules.any && !unfinished && !prepared,
              .busy = found.more || found.in_use || unfinished || prepared,
              .next_at = Min(Min(found.next_at, tasks_at), schedules.due_at)};
    look.look_at = Min(Min(look.next_at, schedules.next_at), found.check_at);
    if (prepared)
        look.look_at = Min(look.look_at, GetCurrentTimestamp() + look_at_rest.count() * 1000);
    if (found.more || unfinished)
        look.look_at = Min(look.look_at, GetCurrentTimestamp() + pause.count() * 1000);
    return look;
}

milliseconds until(TimestampTz at) {
    const int64 us = at == DT_NOEND ? INT64_MAX : at - GetCurrentTimestamp();
    return std::clamp(milliseconds(us / 1000 + 1), milliseconds(1), longest_sleep);
}

// Whoever commits something that is due earlier has to wake it. How long it shall sleep.
milliseconds announce_sleep(milliseconds sleep) {
    Locked locked(LW_EXCLUSIVE);
    DurableDatabase &own = require_durable_database(locked, served);
    const bool news = Min(own.earliest, own.task_due) != DT_NOEND; // somebody was faster
    const TimestampTz now = GetCurrentTimestamp();
    sleep = std::min(sleep, milliseconds(Max(own.announce_at - now, int64{0}) / 1000 + 1));
    own.next_look = news ? DT_NOEND : Min(now + sleep.count() * 1000, own.announce_at);
    return sleep;
}

// Whether somebody wants it to leave, and for what.
enum class Asked { Stay, GiveWay, Leave };
Asked asked() {
    Locked locked(LW_SHARED);
    const DurableDatabase &own = require_durable_database(locked, served);
    return own.dismissed ? Asked::Leave : own.gives_way ? Asked::GiveWay : Asked::Stay;
}

// False if there is something to do. Another one is started in time.
bool retire(TimestampTz next_at) {
    Locked locked(LW_EXCLUSIVE);
    DurableDatabase &own = require_durable_database(locked, served);
    if (own.wanted || Min(own.earliest, own.task_due) != DT_NOEND)
        return false;
    own.dispatcher = nullptr;
    next_at = Min(next_at, own.announce_at);
    own.start_at = next_at == DT_NOEND ? DT_NOEND : next_at - early_us;
    own.not_before = own.failures = 0;
    wake_supervisor(locked);
    return true;
}

void work(Worker &worker) {
    const uint32 wait_event = call([] { return compat::new_wait_event("BgjobDispatcher"); });
    charge_unclean_ends(served);
    milliseconds idle{0};
    Backlog backlog;
    bool first_look = true;
    while (!worker.stop_requested()) {
        const bool more_upkeep = maintain_history();
        const Look look = dispatch(backlog);
        const bool quiet = look.quiet() && !more_upkeep;
        const bool uncalled = std::exchange(first_look, false) && look.nothing; // but by the start
        if (quiet && (uncalled || idle.count() >= settings::worker_idle_timeout) &&
            retire(look.next_at))
            return;
        const bool hurries = more_upkeep || asked() != Asked::Stay;
        const milliseconds sleep = announce_sleep(hurries ? look_again : until(look.look_at));
        const bool timed_out = worker.wait(sleep, wait_event) == Worker::Wake::Timeout;
        idle = timed_out && quiet ? idle + sleep : milliseconds{0};
        const Asked wanted = asked();
        const TimestampTz back_at = look.busy ? GetCurrentTimestamp() : look.next_at;
        if (wanted == Asked::Leave || (wanted == Asked::GiveWay && retire(back_at)))
            return;
    }
}

} // namespace

PGCREW_WORKER(bgjob_dispatcher_main, OnTerm::Flag) {
    segment();
    const Oid database = DatumGetObjectId(worker.arg());
    call([] { before_shmem_exit(callback<&leave>, 0); });
    if (!take_office(database))
        return;
    keep_last_words();
    worker.connect(database, InvalidOid);
    settle_service_session();
    work(worker);
    in_order = true;
}

} // namespace pgcrew::bgjob
