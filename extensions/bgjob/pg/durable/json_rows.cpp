#include "pg/durable/json_rows.hpp"

#include <algorithm>

extern "C" {
#include <access/htup_details.h>
#include <catalog/pg_type.h>
#include <executor/tuptable.h>
#include <funcapi.h>
#include <nodes/makefuncs.h>
#include <utils/builtins.h>
#include <utils/fmgroids.h>
#include <utils/fmgrprotos.h>
}

namespace pgcrew::bgjob {
namespace {

// json_build_array(...) of columns of these types: the server writes each value as it writes all
// JSON, with every digit. Server calls.
FunctionCallInfo array_of_columns(TupleDesc desc) {
    List *columns = NIL;
    for (int i = 0; i < desc->natts; ++i) {
        const Form_pg_attribute column = TupleDescAttr(desc, i);
        columns = lappend(columns,
                          makeNullConst(column->atttypid, column->atttypmod, column->attcollation));
    }
    auto *function = static_cast<FmgrInfo *>(palloc0(sizeof(FmgrInfo)));
    fmgr_info(F_JSON_BUILD_ARRAY_ANY, function);
    fmgr_info_set_expr(
        reinterpret_cast<Node *>(makeFuncExpr(F_JSON_BUILD_ARRAY_ANY, JSONOID, columns, InvalidOid,
                                              InvalidOid, COERCE_EXPLICIT_CALL)),
        function);
    auto *info = static_cast<FunctionCallInfo>(
        palloc0(SizeForFunctionCallInfo(static_cast<Size>(desc->natts))));
    InitFunctionCallInfoData(*info, function, static_cast<short>(desc->natts), InvalidOid, nullptr,
                             nullptr);
    return info;
}

// Server calls.
Datum array_of(FunctionCallInfo info, const TupleTableSlot *slot) {
    for (int i = 0; i < info->nargs; ++i)
        info->args[i] = {slot->tts_values[i], slot->tts_isnull[i]};
    return FunctionCallInvoke(info);
}

Datum object_of(TupleDesc desc, const TupleTableSlot *slot) {
    HeapTuple tuple = heap_form_tuple(desc, slot->tts_values, slot->tts_isnull);
    return DirectFunctionCall1(row_to_json, HeapTupleGetDatum(tuple));
}

} // namespace

void JsonRows::start(DestReceiver *self, int, TupleDesc desc) {
    auto &sink = *reinterpret_cast<Sink *>(self);
    call([&] {
        const MemoryContext caller = MemoryContextSwitchTo(sink.memory);
        sink.desc = BlessTupleDesc(CreateTupleDescCopy(desc));
        sink.text = makeStringInfo();
        sink.row = AllocSetContextCreate(sink.memory, "bgjob row as JSON", ALLOCSET_DEFAULT_SIZES);
        if (sink.arrays)
            sink.array = array_of_columns(sink.desc);
        MemoryContextSwitchTo(caller);
    });
}

bool JsonRows::receive(TupleTableSlot *slot, DestReceiver *self) {
    auto &sink = *reinterpret_cast<Sink *>(self);
    const bool fits = call([&] {
        slot_getallattrs(slot);
        const MemoryContext caller = MemoryContextSwitchTo(sink.row);
        const struct varlena *row = PG_DETOAST_DATUM_PACKED(
            sink.arrays ? array_of(sink.array, slot) : object_of(sink.desc, slot));
        const int bytes = static_cast<int>(VARSIZE_ANY_EXHDR(row));
        const bool there_is_room = sink.text->len + bytes < sink.most_bytes;
        if (there_is_room) {
            appendBinaryStringInfo(sink.text, VARDATA_ANY(row), bytes);
            appendStringInfoCharMacro(sink.text, '\0');
        }
        MemoryContextSwitchTo(caller);
        MemoryContextReset(sink.row);
        return there_is_room;
    });
    if (!fits)
        throw Error(sqlstate::program_limit_exceeded, "result is too large",
                    "At most " + std::to_string(sink.most_bytes) + " bytes are allowed.");
    return true;
}

JsonRows::JsonRows(std::int64_t most_bytes, Form form) {
    sink_.receiver.receiveSlot = callback<&JsonRows::receive>;
    sink_.receiver.rStartup = callback<&JsonRows::start>;
    sink_.receiver.rShutdown = [](DestReceiver *) {};
    sink_.receiver.rDestroy = [](DestReceiver *) {};
    sink_.receiver.mydest = DestNone;
    sink_.memory = memory_.get();
    sink_.most_bytes = most_bytes;
    sink_.arrays = form == Form::Arrays;
}

std::vector<std::string_view> JsonRows::rows() const {
    std::vector<std::string_view> rows;
    if (sink_.desc == nullptr)
        return rows;
    const char *end = sink_.text->data + sink_.text->len;
    for (const char *at = sink_.text->data; at < end; at += rows.back().size() + 1)
        rows.emplace_back(at);
    return rows;
}

std::optional<std::string> JsonRows::text() const {
    if (sink_.desc == nullptr || sink_.desc->natts == 0)
        return std::nullopt;
    std::string json(sink_.text->data, static_cast<std::size_t>(sink_.text->len));
    std::replace(json.begin(), json.end(), '\0', ',');
    if (!json.empty())
        json.pop_back();
    return "[" + json + "]";
}

} // namespace pgcrew::bgjob
