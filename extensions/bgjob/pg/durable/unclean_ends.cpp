#include "pg/durable/unclean_ends.hpp"

#include "core/limits.hpp"
#include "pg/durable/flush.hpp"
#include "pg/durable/in_flight.hpp"
#include "pg/durable/require_free.hpp"
#include "pg/durable/step_table.hpp"
#include "pg/durable/top_level.hpp"

namespace pgcrew::bgjob {
namespace {

// In the order of sql/bgjob/1.0/control.sql.
enum Column : AttrNumber { Job = 1, Ends, Seq };

// How often it has come to that at the same place: a workflow that has gone on since is not what
// ends servers.
int count_one_more(PrivateTable &table, int64 job) {
    const int32 seq = StepTable().load(job).next_seq();
    const std::optional<PrivateRow> row = table.find("unclean_pkey", {job});
    const bool known = row && row->int32_of(Seq) == seq;
    const int32 ends = known ? row->int32_of(Ends) + 1 : 1;
    if (!row)
        table.insert({Value(job), Value(ends), Value(seq)});
    else
        require_free(table.update(*row, {{Ends, Value(ends)}, {Seq, Value(seq)}}));
    return ends;
}

void charge(int64 id, SqlState cause) {
    JobTable jobs;
    const std::optional<DurableJob> job = jobs.find(id);
    if (!job)
        return; // it had just ended
    PrivateTable table("unclean");
    const bool last = count_one_more(table, id) >= limits::unclean_ends;
    const DurableState state = advance(job->state, DurableEvent::Died, {.out_of_lives = last});
    if (state != DurableState::Quarantined && state != DurableState::NeedsAttention)
        return;
    require_free(jobs.update(
        *job,
        {{job_column::State, state_value(state)},
         {job_column::DueAt, time_value(DT_NOEND)},
         {job_column::SqlStateOf, Value(cause.text())},
         {job_column::Message, Value("the server or the worker ended while this job was run, " +
                                     std::to_string(limits::unclean_ends) + " times")}}));
    call([id] {
        ereport(WARNING, (errmsg("job %lld is in quarantine", static_cast<long long>(id)),
                          errdetail("The server or its worker ended while it was run, %d times.",
                                    limits::unclean_ends),
                          errhint("Use bgjob.retry() to run it again.")));
    });
}

// Most jobs that were charged once end well, and nobody cleans up after them.
void forget_those_that_ended() {
    PrivateTable table("unclean");
    JobTable jobs;
    for (const PrivateRow &row : table.all("unclean_pkey", {}, SIZE_MAX))
        if (!jobs.find(row.int64_of(Job)))
            (void)table.remove(row);
}

} // namespace

void charge_unclean_ends(Oid database) {
    const bool installed = in_transaction([] { return PrivateTable::exists("unclean"); });
    if (!installed)
        return;
    for (const JobId job : take_unclean_ends(database))
        bookkeeping([&] { charge(job, SqlState{"57P02"}); });
    bookkeeping([] { forget_those_that_ended(); });
    flush_before_telling(); // the next crash may come at once
}

bool charge_death(const WorkerDeath &death) {
    bookkeeping([&] { charge(death.job, SqlState(death.sqlstate)); });
    return true;
}

void forgive_unclean_ends(int64 job) {
    PrivateTable table("unclean");
    if (const std::optional<PrivateRow> row = table.find("unclean_pkey", {job}))
        (void)table.remove(*row);
}

} // namespace pgcrew::bgjob
