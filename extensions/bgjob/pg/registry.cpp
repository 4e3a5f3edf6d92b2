// Birth, attachment and the plain operations of the control segment (design: registry.hpp).
#include "pg/registry.hpp"

#include "pg/durable/in_flight.hpp"
#include "pg/fault.hpp"
#include "pgcrew/compat.hpp"
#include "pgcrew/memory.hpp"
#include "pgcrew/reserved_ids.hpp"
#include "pgcrew/shmem.hpp"

extern "C" {
#include <storage/latch.h>
#include <utils/memutils.h>
}

namespace pgcrew::bgjob {

namespace {

constinit SharedState<ControlSegment> shared{"bgjob"};

// Ids never come back, not even after a crash.
constexpr JobId ids_reserved_at_once = 4096;
constexpr const char *ids_file = "bgjob.ids";

// What this process has mapped.
ControlSegment *mapped = nullptr;
dsa_area *mapped_area = nullptr;
dshash_table *mapped_jobs = nullptr;
MemoryContext bookkeeping = nullptr;

dshash_parameters job_parameters() {
    return compat::binary_dshash(sizeof(JobId), sizeof(Job), mapped->tranche);
}

// The first process of this life of the server fills the segment. Lock held, plain C.
void create() {
    mapped_area = dsa_create(mapped->tranche);
    dsa_pin(mapped_area);
    dsa_pin_mapping(mapped_area);
    dshash_parameters parameters = job_parameters();
    mapped_jobs = dshash_create(mapped_area, &parameters, nullptr);
    mapped->workers =
        dsa_allocate0(mapped_area, sizeof(WorkerSlot) * static_cast<Size>(max_worker_processes));
    mapped->worker_slots = max_worker_processes;
    mapped->processes = static_cast<int32>(ProcGlobal->allProcCount);
    mapped->awaiters =
        dsa_allocate0(mapped_area, sizeof(Awaiter) * static_cast<Size>(mapped->processes));
    put_unclean_ends_aside();
    mapped->area = dsa_get_handle(mapped_area);
    mapped->jobs = dshash_get_hash_table_handle(mapped_jobs);
    mapped->first_id = mapped->next_id = read_reserved_ids(ids_file) + 1;
    mapped->reserved_id = mapped->next_id - 1;
    mapped->counters.since = GetCurrentTimestamp();
    mapped->ready = true;
}

void attach() {
    mapped_area = dsa_attach(mapped->area);
    dsa_pin_mapping(mapped_area);
    dshash_parameters parameters = job_parameters();
    mapped_jobs = dshash_attach(mapped_area, &parameters, mapped->jobs, nullptr);
}

void map_segment() {
    ControlSegment &found = shared.get();
    LockGuard guard(&found.lock, LW_EXCLUSIVE);
    mapped = &found;
    call([] {
        if (bookkeeping == nullptr)
            bookkeeping =
                AllocSetContextCreateInternal(TopMemoryContext, "bgjob", ALLOCSET_DEFAULT_SIZES);
        MemoryContext old = MemoryContextSwitchTo(bookkeeping);
        if (mapped->ready)
            attach();
        else
            create();
        MemoryContextSwitchTo(old);
    });
}

} // namespace

void ControlSegment::init(ControlSegment &segment, int tranche_id) noexcept {
    LWLockInitialize(&segment.lock, tranche_id);
    segment.tranche = tranche_id;
    for (ConditionVariable &room : segment.job_changed)
        ConditionVariableInit(&room);
    ConditionVariableInit(&segment.any_finished);
    for (ConditionVariable &room : segment.task_published)
        ConditionVariableInit(&room);
    for (ConditionVariable &room : segment.duroxide_work)
        ConditionVariableInit(&room);
    pg_atomic_init_u64(&segment.changes, 0);
    pg_atomic_init_u32(&segment.awaiting, 0);
    pg_atomic_init_u32(&segment.injections, 0);
}

void request_shared_memory() { shared.request_if_preloading(); }

ControlSegment &segment() {
    if (unlikely(mapped_jobs == nullptr))
        map_segment();
    return *mapped;
}

dsa_area *area() { return mapped_area; }
dshash_table *job_table() { return mapped_jobs; }

dsa_pointer try_allocate(Size size) {
    segment();
    if (fault("shared_memory_full"))
        return InvalidDsaPointer;
    return call([&] {
        return dsa_allocate_extended(mapped_area, size, DSA_ALLOC_NO_OOM | DSA_ALLOC_HUGE);
    });
}

dsa_pointer allocate(Size size, const char *what) {
    const auto full = [&] {
        return Error(sqlstate::out_of_memory, std::string("out of shared memory for ") + what,
                     "Failed on a request of " + std::to_string(size) + " bytes.",
                     "Detach jobs that are no longer needed, or lower \"bgjob.queue_size\".");
    };
    dsa_pointer p;
    try {
        p = try_allocate(size);
    } catch (const ServerError &e) {
        // The table of segments is full: the server has no way to say so but this error.
        if (e.state() == sqlstate::insufficient_resources)
            throw full();
        throw;
    }
    if (p == InvalidDsaPointer)
        throw full();
    return p;
}

void discard(dsa_pointer memory) noexcept {
    if (memory == InvalidDsaPointer)
        return;
    if (tainted())
        LWLockReleaseAll();
    cleanup("giving back shared memory", [memory] { dsa_free(mapped_area, memory); });
}

Wakeups::~Wakeups() {
    cleanup("waking others", [this] {
        if (process_ != nullptr)
            SetLatch(&process_->procLatch); // of a process that left: one idle look by the next
        if (job_ != 0 || any_)
            pg_atomic_fetch_add_u64(&mapped->changes, 1);
        if (job_ != 0)
            ConditionVariableBroadcast(waiting_room(job_));
        if (any_)
            ConditionVariableBroadcast(&mapped->any_finished);
    });
}

Locked::Locked(LWLockMode mode) : guard_(&segment().lock, mode) {}

Job *Locked::find(JobId id) const {
    return call([&]() -> Job * {
        auto *job = static_cast<Job *>(dshash_find(mapped_jobs, &id, false));
        if (job == nullptr)
            return nullptr;
        dshash_release_lock(mapped_jobs, job);
        return job->detached ? nullptr : job;
    });
}

Job *Locked::find_working(JobId id) const {
    return call([&]() -> Job * {
        auto *job = static_cast<Job *>(dshash_find(mapped_jobs, &id, false));
        if (job != nullptr)
            dshash_release_lock(mapped_jobs, job);
        return job;
    });
}

Job *Locked::insert() {
    return call([&] {
        if (mapped->next_id > mapped->reserved_id) {
            mapped->reserved_id = mapped->next_id - 1 + ids_reserved_at_once;
            write_reserved_ids(ids_file, mapped->reserved_id);
        }
        const JobId id = mapped->next_id;
        bool found;
        auto *job = static_cast<Job *>(dshash_find_or_insert(mapped_jobs, &id, &found));
        mapped->next_id = id + 1;
        memset(reinterpret_cast<char *>(job) + sizeof id, 0, sizeof *job - sizeof id);
        job->worker = -1;
        job->percent = -1;
        pg_atomic_init_u64(&job->rows, 0);
        dshash_release_lock(mapped_jobs, job);
        return job;
    });
}

Crew *Locked::crew(Oid database, Oid role) const {
    return call([&]() -> Crew * {
        for (dsa_pointer p = mapped->crews; p != InvalidDsaPointer;) {
            auto *crew = address<Crew>(p);
            if (crew->database == database && crew->role == role)
                return crew;
            p = crew->next;
        }
        return nullptr;
    });
}

Crew &Locked::require_crew(Oid database, Oid role) {
    if (Crew *found = crew(database, role))
        return *found;
    return *call([&] {
        const dsa_pointer p = dsa_allocate0(mapped_area, sizeof(Crew));
        auto *crew = address<Crew>(p);
        crew->database = database;
        crew->role = role;
        crew->next = mapped->crews;
        mapped->crews = p;
        return crew;
    });
}

void Locked::drop_empty_crews() {
    constexpr int64 remembered_us = 60'000'000; // that its workers could not connect
    const TimestampTz now = GetCurrentTimestamp();
    call([now] {
        for (dsa_pointer *link = &mapped->crews; *link != InvalidDsaPointer;) {
            const dsa_pointer p = *link;
            auto *crew = address<Crew>(p);
            if (crew->queued == 0 && crew->running == 0 && crew->workers == 0 &&
                crew->tickets == 0 && now >= crew->not_before + remembered_us) {
                *link = crew->next;
                dsa_free(mapped_area, p);
            } else {
                link = &crew->next;
            }
        }
    });
}

WorkerSlot *Locked::workers() const {
    return call([] { return address<WorkerSlot>(mapped->workers); });
}

Remains take_out(Locked &, Job *job) {
    Remains remains{job->request,           job->error,         job->spool.row_type,
                    job->spool.first_block, job->notices.first, job->spool.has_file,
                    job->spool.files};
    if (!job->detached)
        --mapped->retained;
    call([&] {
        JobId id = job->id;
        dshash_delete_key(mapped_jobs, &id);
    });
    return remains;
}

namespace {
// Chains of blocks and notices both begin with the pointer to the next.
void free_chain(dsa_pointer p) {
    while (p != InvalidDsaPointer) {
        const dsa_pointer next = *address<dsa_pointer>(p);
        dsa_free(mapped_area, p);
        p = next;
    }
}
} // namespace

void give_back(Remains &remains) {
    call([&] {
        for (dsa_pointer p : {remains.request, remains.error, remains.row_type})
            if (p != InvalidDsaPointer)
                dsa_free(mapped_area, p);
        free_chain(remains.first_block);
        free_chain(remains.first_notice);
        if (remains.has_file)
            FileSetDeleteAll(&remains.files);
    });
}

} // namespace pgcrew::bgjob
