#include "pg/queue.hpp"

#include <unistd.h>

namespace pgcrew::bgjob {
namespace {

void unlink(Locked &locked, Crew &crew, Job &job) {
    if (job.previous_in_queue != 0)
        locked.find_working(job.previous_in_queue)->next_in_queue = job.next_in_queue;
    else
        crew.first = job.next_in_queue;
    if (job.next_in_queue != 0)
        locked.find_working(job.next_in_queue)->previous_in_queue = job.previous_in_queue;
    else
        crew.last = job.previous_in_queue;
    job.next_in_queue = job.previous_in_queue = 0;
    --crew.queued;
    --segment().queued;
}

void move(Job &job, JobState to) {
    Assert(may_follow(job.state, to));
    job.state = to;
}

void count(const Job &job, JobState how) {
    Counters &counters = segment().counters;
    switch (how) {
    case JobState::Succeeded:
        ++counters.succeeded;
        break;
    case JobState::Cancelled:
        ++counters.cancelled;
        break;
    case JobState::Lost:
        ++counters.lost;
        break;
    default:
        ++counters.failed;
    }
    if (job.timed_out)
        ++counters.timed_out;
    if (job.started_at != 0) {
        counters.execution_ms += static_cast<double>(job.finished_at - job.started_at) / 1000;
        counters.queue_ms += static_cast<double>(job.started_at - job.queued_at) / 1000;
    }
    if (job.keeps_rows)
        counters.rows_kept += static_cast<int64>(job.spool.rows_published);
    counters.bytes_spilled += static_cast<int64>(job.spool.file_bytes);
}

template <class F> void for_each_crew(F f) {
    call([&] {
        for (dsa_pointer p = segment().crews; p != InvalidDsaPointer;) {
            auto *crew = address<Crew>(p);
            f(*crew);
            p = crew->next;
        }
    });
}

// By all workers that are at work, or about to be.
float processors_wanted(const Locked &locked) {
    const WorkerSlot *workers = locked.workers();
    float used = 0;
    for (int i = 0; i < segment().worker_slots; ++i)
        if (workers[i].state != WorkerState::Free && workers[i].state != WorkerState::Idle)
            used += workers[i].processor_share;
    return used;
}

} // namespace

void enqueue(Locked &locked, Job &job) {
    Crew &crew = *locked.crew(job.database, job.owner);
    job.state = JobState::Queued;
    job.previous_in_queue = crew.last;
    if (crew.last != 0)
        locked.find_working(crew.last)->next_in_queue = job.id;
    else
        crew.first = job.id;
    crew.last = job.id;
    ++crew.queued;
    ++segment().queued;
    ++segment().counters.launched;
}

Job *dequeue(Locked &locked, Crew &crew, int slot) {
    if (crew.first == 0)
        return nullptr;
    Job *job = locked.find_working(crew.first);
    unlink(locked, crew, *job);
    move(*job, JobState::Starting);
    ++crew.running;
    ++segment().running;
    job->worker = slot;
    WorkerSlot &worker = locked.workers()[slot];
    worker.state = WorkerState::Busy;
    worker.since = GetCurrentTimestamp();
    worker.job = job->id;
    return job;
}

void requeue(Locked &locked, Job &job) {
    Crew &crew = *locked.crew(job.database, job.owner);
    move(job, JobState::Queued);
    job.worker = -1;
    job.next_in_queue = crew.first;
    if (crew.first != 0)
        locked.find_working(crew.first)->previous_in_queue = job.id;
    else
        crew.last = job.id;
    crew.first = job.id;
    ++crew.queued;
    ++segment().queued;
    --crew.running;
    --segment().running;
}

void start_running(Locked &, Job &job) {
    move(job, JobState::Running);
    job.started_at = GetCurrentTimestamp();
}

bool finish(Locked &locked, Job &job, JobState how) {
    Crew &crew = *locked.crew(job.database, job.owner);
    if (job.state == JobState::Queued) {
        unlink(locked, crew, job);
    } else {
        --crew.running;
        --segment().running;
    }
    move(job, how);
    job.finished_at = GetCurrentTimestamp();
    count(job, how);
    if (!job.detached)
        ++segment().retained;
    locked.wake.waiters(job.id);
    locked.wake.waiters_for_any();
    return job.detached;
}

const WorkerSlot *hand_to_idle_worker(Locked &locked, Crew &crew) {
    WorkerSlot *workers = locked.workers();
    int best = -1; // the one that worked last: its caches are warm, and the others may time out
    for (int i = 0; i < segment().worker_slots; ++i) {
        const WorkerSlot &w = workers[i];
        if (w.state == WorkerState::Idle && !w.dismissed && w.database == crew.database &&
            w.role == crew.role && (best < 0 || w.since > workers[best].since))
            best = i;
    }
    if (best < 0 || dequeue(locked, crew, best) == nullptr)
        return nullptr;
    locked.wake.process(workers[best].proc);
    return &workers[best];
}

// Small jobs are done by a worker or two faster than others are started: only a wait makes it worth
// while. Jobs that keep a processor busy are hardly done sooner by more workers than there are
// processors; those that wait, for the disk or for a lock, are.
bool tickets_need_worker(const Locked &locked, const Crew &crew) {
    constexpr int64 patience_us = 20000;
    // And one more, for the moment in which one of them waits.
    static const auto enough = static_cast<float>(sysconf(_SC_NPROCESSORS_ONLN) + 1);
    if (crew.tickets == 0 || crew.workers == 0)
        return crew.tickets > 0;
    const TimestampTz now = GetCurrentTimestamp();
    return now - crew.ticket_since > patience_us ||
           (now - crew.backlog_since > patience_us && processors_wanted(locked) < enough);
}

int unserved(const Locked &locked, const Crew &crew) {
    const WorkerSlot *workers = locked.workers();
    int coming = 0;
    for (int i = 0; i < segment().worker_slots; ++i) {
        const WorkerSlot &w = workers[i];
        if ((w.state == WorkerState::Starting || w.state == WorkerState::Resetting) &&
            !w.dismissed && w.database == crew.database && w.role == crew.role)
            ++coming;
    }
    const int wanted = tickets_need_worker(locked, crew) ? 1 : 0;
    return Max(0, crew.queued + wanted - coming);
}

int workers_of_role(const Locked &, Oid role) {
    int n = 0;
    for_each_crew([&](const Crew &crew) { n += crew.role == role ? crew.workers : 0; });
    return n;
}

int jobs_of_role(const Locked &, Oid role) {
    int n = 0;
    for_each_crew(
        [&](const Crew &crew) { n += crew.role == role ? crew.queued + crew.running : 0; });
    return n;
}

} // namespace pgcrew::bgjob
