#include "pg/durable/child_table.hpp"

#include "pg/durable/index_scan.hpp"
#include "pg/durable/optional_json.hpp"
#include "pg/durable/own_relation.hpp"
#include "pgcrew/memory.hpp"

extern "C" {
#include <access/xact.h>
#include <catalog/pg_type.h>
#include <utils/fmgroids.h>
}

namespace pgcrew::bgjob {
namespace {

// In the order of sql/bgjob/1.0/jobs.sql.
enum Column : AttrNumber { Parent = 1, Job, State, TurnOf, SqlStateOf, Message, Result };

constexpr std::size_t all_rows = SIZE_MAX;

DurableState state_of(int number) { return stored_state(number).value_or(DurableState::None); }

Child child_of(const PrivateRow &row) {
    return {row.int64_of(Job),
            state_of(row.int16_of(State)),
            static_cast<Turn>(row.int16_of(TurnOf)),
            row.text(SqlStateOf),
            row.text(Message),
            row.opt_text(Result)};
}

Value turn_value(Turn turn) noexcept { return {static_cast<int16>(turn)}; }

// Calls use(mark) for each child from that id on until it says false. Server calls.
template <class F> void scan(Relation relation, int64 parent, int64 first, F use) {
    Seek seek{};
    seek.add(Parent, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(parent));
    seek.add(Job, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(first));
    TupleDesc desc = RelationGetDescr(relation);
    scan_index(relation, own_relation("child_pkey"), seek, [&](HeapTuple tuple) {
        bool null = false;
        const auto cell = [&](AttrNumber c) { return heap_getattr(tuple, c, desc, &null); };
        return use(ChildMark{DatumGetInt64(cell(Job)), state_of(DatumGetInt16(cell(State))),
                             static_cast<Turn>(DatumGetInt16(cell(TurnOf))), tuple->t_self});
    });
}

} // namespace

void ChildTable::add(int64 parent, int64 job, Turn turn) {
    table_.insert({Value(parent), Value(job), Value(int16{0}), turn_value(turn),
                   Value::null(TEXTOID), Value::null(TEXTOID), Value::null(JSONBOID)});
}

std::optional<Child> ChildTable::find(int64 parent, int64 job) {
    const std::optional<PrivateRow> row = table_.find("child_pkey", {parent, job});
    if (!row)
        return std::nullopt;
    return child_of(*row);
}

std::vector<Child> ChildTable::of(int64 parent) {
    std::vector<Child> children;
    for (const PrivateRow &row : table_.all("child_pkey", {parent}, all_rows))
        children.push_back(child_of(row));
    return children;
}

std::vector<ChildMark> ChildTable::marks(int64 parent, int64 first) {
    const OwnedMemory memory("bgjob children");
    ChildMark *marks = nullptr;
    std::size_t count = 0, room = 0;
    call([&] {
        scan(table_.relation(), parent, first, [&](const ChildMark &mark) {
            if (count == room) {
                room = Max(room * 2, std::size_t{64});
                const Size size = room * sizeof(ChildMark);
                marks = static_cast<ChildMark *>(marks == nullptr
                                                     ? MemoryContextAllocHuge(memory.get(), size)
                                                     : repalloc_huge(marks, size));
            }
            marks[count++] = mark;
            return true;
        });
    });
    return {marks, marks + count};
}

std::vector<int64> ChildTable::waiting(int64 parent, int64 after, std::size_t most) {
    std::vector<int64> jobs(most);
    int64 *const to = jobs.data();
    std::size_t count = 0;
    call([&] {
        scan(table_.relation(), parent, after + 1, [&](const ChildMark &mark) {
            if (mark.turn == Turn::Waits && mark.state == DurableState::None)
                to[count++] = mark.job;
            return count < most;
        });
    });
    jobs.resize(count);
    return jobs;
}

bool ChildTable::give_turn(int64 parent, int64 job) {
    const std::optional<PrivateRow> row = table_.find("child_pkey", {parent, job});
    return row && table_.update(*row, {{TurnOf, turn_value(Turn::HasCome)}});
}

bool ChildTable::note_end(int64 parent, const Child &child) {
    const std::optional<PrivateRow> row = table_.find("child_pkey", {parent, child.job});
    if (!row)
        return false; // the parent has ended
    const OptionalJson result(child.result);
    if (!table_.update(*row, {{State, Value(static_cast<int16>(child.state))},
                              {SqlStateOf, text_or_null(child.sqlstate)},
                              {Message, text_or_null(child.message)},
                              {Result, result.value()}}))
        throw Error(sqlstate::serialization_failure, "the parent of a job is about to end");
    return child_of(*row).turn != Turn::Always;
}

void ChildTable::remove_all(int64 parent, int64 first) {
    for (const ChildMark &mark : marks(parent, first)) {
        PrivateRow row;
        row.place = mark.place;
        (void)table_.remove(row);
        check_for_interrupts();
    }
}

} // namespace pgcrew::bgjob
