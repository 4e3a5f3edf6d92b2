#include "pg/durable/ended_jobs.hpp"

#include "core/retention.hpp"
#include "pg/durable/optional_json.hpp"
#include "pgcrew/memory.hpp"

#include <algorithm>

extern "C" {
#include <catalog/pg_inherits.h>
#include <catalog/pg_type.h>
#include <utils/lsyscache.h>
#include <utils/rel.h>
}

namespace pgcrew::bgjob {
namespace {

// In the order of sql/bgjob/1.0/history.sql.
enum Column : AttrNumber {
    Id = 1,
    Queue,
    Priority,
    State,
    Kind,
    Attempt,
    Role,
    DueAt,
    EnqueuedAt,
    BeganAt,
    EndedAt,
    Parent,
    SqlStateOf,
    Message,
    Status,
    Key,
    Command,
    Args,
    Result
};

std::string partition_of(TimestampTz at) {
    std::string partition = partition_name(history_table, day_of(unix_us(at)));
    if (PrivateTable::exists(partition.c_str()))
        return partition;
    // Its lock stays with the transaction: no partition comes meanwhile.
    const PrivateTable rest(default_partition);
    return PrivateTable::exists(partition.c_str()) ? partition : default_partition;
}

EndedJob ended_job_of(const PrivateRow &row) {
    EndedJob ended;
    DurableJob &job = ended.job;
    job.id = row.int64_of(Id);
    job.queue = row.int32_of(Queue);
    job.priority = row.int16_of(Priority);
    job.state = stored_state(row.int16_of(State)).value_or(DurableState::None);
    job.kind = static_cast<JobKind>(row.int16_of(Kind));
    job.attempt = row.int32_of(Attempt);
    job.role = row.oid(Role);
    job.due_at = row.time(DueAt);
    job.enqueued_at = row.time(EnqueuedAt);
    job.began_at = row.time(BeganAt);
    job.parent = row.int64_of(Parent);
    job.sqlstate = row.text(SqlStateOf);
    job.message = row.text(Message);
    job.status = row.text(Status);
    job.key = row.text(Key);
    job.command = row.text(Command);
    job.args = row.opt_text(Args);
    ended.ended_at = row.time(EndedAt);
    ended.result = row.opt_text(Result);
    return ended;
}

// The latest first, and before them the default one.
std::vector<std::string> partitions() {
    const PrivateTable whole(history_table);
    constexpr int most = 10'000;
    const char **names = nullptr;
    int count = 0;
    const OwnedMemory memory("bgjob partitions");
    call([&] {
        const MemoryContext caller = MemoryContextSwitchTo(memory.get());
        names = static_cast<const char **>(palloc(sizeof(char *) * most));
        ListCell *cell;
        foreach (cell,
                 find_inheritance_children(RelationGetRelid(whole.relation()), AccessShareLock))
            if (const char *name = get_rel_name(lfirst_oid(cell)); name != nullptr && count < most)
                names[count++] = name;
        MemoryContextSwitchTo(caller);
    });
    std::vector<std::string> found(names, names + count);
    std::sort(found.begin(), found.end(), std::greater<>());
    return found;
}

} // namespace

void add_to_history(const DurableJob &job, const JobOutcome &outcome) {
    const TimestampTz now = GetCurrentTimestamp();
    const OptionalJson args(job.args), result(outcome.result);
    PrivateTable table(partition_of(now).c_str());
    table.insert({Value(job.id), Value(job.queue), Value(job.priority), state_value(outcome.state),
                  Value(static_cast<int16>(job.kind)), Value(job.attempt), role_value(job.role),
                  time_value(job.due_at), time_value(job.enqueued_at), time_value(outcome.began),
                  time_value(now), bigint_or_null(job.parent), text_or_null(outcome.sqlstate),
                  text_or_null(outcome.message), text_or_null(job.status), text_or_null(job.key),
                  Value(job.command), args.value(), result.value()});
}

void add_to_dead(const DurableJob &job, const JobOutcome &outcome) {
    DurableJob dead = job;
    dead.state = outcome.state;
    dead.due_at = GetCurrentTimestamp();
    dead.began_at = outcome.began;
    dead.sqlstate = outcome.sqlstate;
    dead.message = outcome.message;
    JobTable::of_dead().insert(dead);
}

std::optional<EndedJob> find_ended_job(int64 id) {
    if (std::optional<DurableJob> dead = JobTable::of_dead().find(id)) {
        const TimestampTz at = dead->due_at;
        return EndedJob{std::move(*dead), at};
    }
    for (const std::string &name : partitions()) {
        const std::string index = name + "_id";
        if (!PrivateTable::exists(index.c_str()))
            continue; // attached by hand
        if (const auto row = PrivateTable(name.c_str()).find(index.c_str(), {id}))
            return ended_job_of(*row);
    }
    return std::nullopt;
}

} // namespace pgcrew::bgjob
