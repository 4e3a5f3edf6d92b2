#include "pg/durable/admission.hpp"

#include "pg/may_log_in.hpp"
#include "pg/settings.hpp"

extern "C" {
#include <access/genam.h>
#include <access/htup_details.h>
#include <miscadmin.h>
#include <storage/bufmgr.h>
#include <utils/rel.h>
#include <utils/snapmgr.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr int rows_between_checks = 4096;

void check_role(const DurableJob &job) {
    // What a job adds was let in with the job.
    if (!settings::allow_superuser_jobs && job.parent == 0 &&
        call([&] { return superuser_arg(job.role); }))
        throw Error(sqlstate::insufficient_privilege, "superusers may not have durable jobs",
                    "They would run with all rights, whenever they are due.",
                    "Add the job as another role, or set \"bgjob.allow_superuser_jobs\".");
    check_may_log_in(job.role);
}

// Unfinished jobs of the role, the transaction's own included; no more than so many are counted.
std::int64_t count_live_jobs(const PrivateTable &table, Oid role, std::int64_t most) {
    return call([&] {
        std::int64_t live = 0;
        int looked = 0;
        Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
        SysScanDesc scan =
            systable_beginscan(table.relation(), InvalidOid, false, snapshot, 0, nullptr);
        TupleDesc desc = RelationGetDescr(table.relation());
        HeapTuple tuple;
        while (live < most && HeapTupleIsValid(tuple = systable_getnext(scan))) {
            bool null = false;
            if (DatumGetObjectId(heap_getattr(tuple, job_column::Role, desc, &null)) == role)
                ++live;
            if (++looked % rows_between_checks == 0)
                CHECK_FOR_INTERRUPTS();
        }
        systable_endscan(scan);
        UnregisterSnapshot(snapshot);
        return live;
    });
}

// Counting all takes time that grows with the table, so it is done only where the limit may be
// near: not while the table is too small to hold so many, and not for the next few after a count
// that left much room. Sessions that add at the same moment can go past the limit by that little.
void check_live_jobs_of(const DurableJob &job, const QueueOptions &options, std::int64_t jobs) {
    constexpr int64 trusted_us = 1'000'000;
    static struct {
        Oid role;
        std::int64_t limit, may_add;
        TimestampTz counted_at;
    } last{};
    const PrivateTable table("job");
    const std::int64_t blocks = call(
        [&] { return static_cast<std::int64_t>(RelationGetNumberOfBlocks(table.relation())); });
    if (blocks * static_cast<std::int64_t>(MaxHeapTuplesPerPage) + jobs <= options.max_live_jobs)
        return;
    const TimestampTz now = GetCurrentTimestamp();
    const bool known = last.role == job.role && last.limit == options.max_live_jobs &&
                       now >= last.counted_at && now - last.counted_at < trusted_us;
    if (known && last.may_add >= jobs) {
        last.may_add -= jobs;
        return;
    }
    const std::int64_t live = count_live_jobs(table, job.role, options.max_live_jobs);
    check_live_jobs(options, live + jobs - 1);
    const std::int64_t room = options.max_live_jobs - live - jobs;
    last = {job.role, options.max_live_jobs, room / 16, now};
}

} // namespace

void check_admission(const DurableJob &job, const QueueOptions &options, std::int64_t jobs) {
    check_role(job);
    check_payload(options, job.args ? static_cast<std::int64_t>(job.args->size()) : 0);
    check_live_jobs_of(job, options, jobs);
}

} // namespace pgcrew::bgjob
