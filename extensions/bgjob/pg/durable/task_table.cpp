#include "pg/durable/task_table.hpp"

#include "pg/durable/index_scan.hpp"
#include "pg/durable/optional_json.hpp"
#include "pg/durable/own_relation.hpp"
#include "pg/durable/task_rights.hpp"

extern "C" {
#include <access/multixact.h>
#include <access/transam.h>
#include <access/xact.h>
#include <catalog/pg_type.h>
#include <storage/procarray.h>
#include <utils/acl.h>
#include <utils/builtins.h>
#include <utils/fmgroids.h>
}

namespace pgcrew::bgjob {
namespace {

namespace column = task_column;

constexpr std::size_t all_rows = SIZE_MAX;

Task task_of(PrivateRow &&row) {
    Task task;
    task.id = row.int64_of(column::Id);
    task.queue = row.text(column::Queue);
    task.state = static_cast<TaskState>(row.int16_of(column::State));
    task.due_at = row.time(column::DueAt);
    task.job = row.int64_of(column::Job);
    task.seq = row.int32_of(column::Seq);
    task.role = row.oid(column::Role);
    task.name = row.text(column::Name);
    task.attempt = row.int32_of(column::Attempt);
    task.attempts = row.int32_of(column::Attempts);
    task.published_at = row.time(column::PublishedAt);
    task.fetched_at = row.time(column::FetchedAt);
    task.worker = row.text(column::Worker);
    task.retry = row.opt_text(column::Retry);
    task.payload = row.opt_text(column::Payload);
    task.result = row.opt_text(column::Result);
    task.row = std::move(row);
    return task;
}

// Another transaction changes the row, or holds its lock to do so. Server calls.
bool in_other_hands(const HeapTupleHeaderData *row) {
    if (row->t_infomask & HEAP_XMAX_INVALID)
        return false;
    const TransactionId other = HeapTupleHeaderGetRawXmax(row);
    if (row->t_infomask & HEAP_XMAX_IS_MULTI)
        return MultiXactIdIsRunning(other, HEAP_XMAX_IS_LOCKED_ONLY(row->t_infomask));
    return TransactionIdIsInProgress(other) && !TransactionIdIsCurrentTransactionId(other);
}

} // namespace

void TaskTable::insert(const Task &task) {
    const OptionalJson retry(task.retry), payload(task.payload);
    table_.insert({Value(task.id), Value(task.queue), Value(static_cast<int16>(task.state)),
                   time_value(task.due_at), Value(task.job), Value(task.seq), role_value(task.role),
                   Value(task.name), Value(task.attempt), Value(task.attempts),
                   time_value(task.published_at), Value::null(TIMESTAMPTZOID), Value::null(TEXTOID),
                   retry.value(), payload.value(), Value::null(JSONBOID)});
}

std::optional<Task> TaskTable::find(int64 id) {
    std::optional<PrivateRow> row = table_.find("task_pkey", {id});
    if (!row)
        return std::nullopt;
    return task_of(std::move(*row));
}

std::vector<Task> TaskTable::of_job(int64 job) {
    std::vector<Task> tasks;
    for (PrivateRow &row : table_.all("task_job", {job}, all_rows))
        tasks.push_back(task_of(std::move(row)));
    return tasks;
}

DueTasks TaskTable::due(const std::string &queue, TimestampTz now, std::size_t most) {
    const bool whole_queue = granted_task_queue(queue);
    DueTasks found{{}, DT_NOEND, false};
    found.ids.resize(most);
    std::size_t count = 0;
    int64 *const ids = found.ids.data();
    const auto length = static_cast<int>(queue.size());
    call([&] {
        Relation relation = table_.relation();
        TupleDesc desc = RelationGetDescr(relation);
        const Oid user = GetUserId();
        Seek seek{};
        seek.add(column::Queue, BTEqualStrategyNumber, F_TEXTEQ,
                 PointerGetDatum(cstring_to_text_with_len(queue.data(), length)));
        scan_index(relation, own_relation("task_due"), seek, [&](HeapTuple tuple) {
            bool null = false;
            const auto number = [&](AttrNumber c) { return heap_getattr(tuple, c, desc, &null); };
            const TimestampTz due_at = DatumGetTimestampTz(number(column::DueAt));
            if (due_at > now) { // whoever may fetch that one
                found.next_at = due_at;
                return false;
            }
            if (!whole_queue && !has_privs_of_role(user, DatumGetObjectId(number(column::Role))))
                return true;
            if (in_other_hands(tuple->t_data))
                found.held = true;
            else
                ids[count++] = DatumGetInt64(number(column::Id));
            return count < most;
        });
    });
    found.ids.resize(count);
    return found;
}

bool finish_task(TaskTable &tasks, const Task &task, TaskState how,
                 const std::optional<std::string> &result) {
    const OptionalJson json(result);
    return tasks.update(task, {{column::State, Value(static_cast<int16>(how))},
                               {column::DueAt, time_value(DT_NOEND)},
                               {column::Result, json.value()}});
}

bool withdraw_tasks(int64 job) {
    TaskTable tasks;
    bool all = true;
    for (const Task &task : tasks.of_job(job))
        all = tasks.remove(task) && all;
    return all;
}

} // namespace pgcrew::bgjob
