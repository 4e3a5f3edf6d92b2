#include "pg/durable/job_table.hpp"

#include "pg/durable/optional_json.hpp"

extern "C" {
#include <catalog/pg_type.h>
}

namespace pgcrew::bgjob {
namespace {

namespace column = job_column;

DurableJob job_of(PrivateRow &&row) {
    DurableJob job;
    job.id = row.int64_of(column::Id);
    job.queue = row.int32_of(column::Queue);
    job.priority = row.int16_of(column::Priority);
    job.state = stored_state(row.int16_of(column::State)).value_or(DurableState::None);
    job.kind = static_cast<JobKind>(row.int16_of(column::Kind));
    job.cancel_asked = row.boolean(column::CancelAsked);
    job.attempt = row.int32_of(column::Attempt);
    job.role = row.oid(column::Role);
    job.due_at = row.time(column::DueAt);
    job.enqueued_at = row.time(column::EnqueuedAt);
    job.began_at = row.time(column::BeganAt);
    job.waits_since = row.time(column::WaitsSince);
    job.waits_for = row.text(column::WaitsFor);
    job.parent = row.int64_of(column::Parent);
    job.sqlstate = row.text(column::SqlStateOf);
    job.message = row.text(column::Message);
    job.status = row.text(column::Status);
    job.key = row.text(column::Key);
    job.search_path = row.text(column::SearchPath);
    job.command = row.text(column::Command);
    job.args = row.opt_text(column::Args);
    job.options = row.opt_text(column::Options);
    job.schedule = row.int64_of(column::Schedule);
    job.row = std::move(row);
    return job;
}

} // namespace

void JobTable::insert(const DurableJob &job) {
    const OptionalJson args(job.args), options(job.options);
    table_.insert({Value(job.id),
                   Value(job.queue),
                   Value(job.priority),
                   state_value(job.state),
                   Value(static_cast<int16>(job.kind)),
                   Value(job.cancel_asked),
                   Value(job.attempt),
                   role_value(job.role),
                   time_value(job.due_at),
                   time_value(job.enqueued_at),
                   time_value(job.began_at),
                   time_value(job.waits_since),
                   text_or_null(job.waits_for),
                   bigint_or_null(job.parent),
                   text_or_null(job.sqlstate),
                   text_or_null(job.message),
                   text_or_null(job.status),
                   text_or_null(job.key),
                   Value(job.search_path),
                   Value(job.command),
                   args.value(),
                   options.value(),
                   bigint_or_null(job.schedule)});
}

std::optional<DurableJob> JobTable::find(int64 id) {
    std::optional<PrivateRow> row = table_.find(key_, {id});
    if (!row)
        return std::nullopt;
    return job_of(std::move(*row));
}

bool may_be_claimed(DurableState state) noexcept {
    const auto awake = next_state(state, DurableEvent::Due, {}).value_or(state);
    const auto claimed = next_state(awake, DurableEvent::Claim, {});
    return claimed == DurableState::Running || (claimed && undoes(*claimed));
}

bool may_run(const DurableJob &job, TimestampTz now) noexcept {
    return job.due_at <= now && may_be_claimed(job.state);
}

} // namespace pgcrew::bgjob
