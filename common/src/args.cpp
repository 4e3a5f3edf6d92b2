#include "pgcrew/args.hpp"

#include "pgcrew/compat.hpp"

#include <limits>

extern "C" {
#include <access/htup_details.h>
#include <catalog/pg_type.h>
#include <datatype/timestamp.h>
#include <nodes/execnodes.h>
#include <utils/builtins.h>
#include <utils/fmgrprotos.h>
}

namespace pgcrew {
namespace {

// Server calls: one datum a column into arrays of the current context.
struct Row {
    Datum *datums;
    bool *nulls;
};

Row make_row(std::initializer_list<Value> values) {
    Row row{};
    row.datums = static_cast<Datum *>(palloc0(sizeof(Datum) * (values.size() + 1)));
    row.nulls = static_cast<bool *>(palloc0(sizeof(bool) * (values.size() + 1)));
    int i = 0;
    for (const Value &value : values) {
        row.datums[i] = value.make();
        row.nulls[i++] = value.is_null();
    }
    return row;
}

// A datum of the wrong type would be read as garbage later, far from its cause.
void check_types(TupleDesc desc, std::initializer_list<Value> values) {
    if (static_cast<std::size_t>(desc->natts) != values.size())
        throw Error(sqlstate::datatype_mismatch, "wrong number of values for the result row",
                    "The row has " + std::to_string(desc->natts) + " columns, the values are " +
                        std::to_string(values.size()) + ".");
    int i = 0;
    for (const Value &value : values) {
        const Oid expected = TupleDescAttr(desc, i++)->atttypid;
        if (!value.is_null() && value.type() != expected)
            throw Error(sqlstate::datatype_mismatch, "wrong type of value for the result row",
                        "Column " + std::to_string(i) + " has the type with OID " +
                            std::to_string(expected) + ", the value that with OID " +
                            std::to_string(value.type()) + ".");
    }
}

// The server's macros name types that the members of Args hide.
std::int32_t to_int32(Datum datum) noexcept { return DatumGetInt32(datum); }
std::int64_t to_int64(Datum datum) noexcept { return DatumGetInt64(datum); }

std::string copy_text(Datum datum) {
    struct View {
        const char *data;
        std::size_t length;
    };
    const View view = call([&] {
        const auto *t = reinterpret_cast<text *>(PG_DETOAST_DATUM_PACKED(datum));
        return View{VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t)};
    });
    return {view.data, view.length};
}
} // namespace

Datum Args::datum(int i, const char *name) const {
    if (is_null(i))
        throw Error(sqlstate::null_value_not_allowed,
                    (name != nullptr ? name : "argument " + std::to_string(i + 1)) +
                        " must not be null");
    return fcinfo_->args[i].value;
}

bool Args::boolean(int i, const char *name) const { return DatumGetBool(datum(i, name)); }
std::int32_t Args::int32(int i, const char *name) const { return to_int32(datum(i, name)); }
std::int64_t Args::int64(int i, const char *name) const { return to_int64(datum(i, name)); }
double Args::float64(int i, const char *name) const { return DatumGetFloat8(datum(i, name)); }
Oid Args::oid(int i, const char *name) const { return DatumGetObjectId(datum(i, name)); }
std::string Args::text(int i, const char *name) const { return copy_text(datum(i, name)); }
Timestamp Args::timestamp(int i, const char *name) const {
    return timestamp_from_datum(datum(i, name));
}

std::string Args::jsonb(int i, const char *name) const {
    const Datum value = datum(i, name);
    return call([&] { return DatumGetCString(DirectFunctionCall1(jsonb_out, value)); });
}

std::int64_t Args::interval_ms(int i, const char *name) const {
    const Interval *interval = DatumGetIntervalP(datum(i, name));
    using Limits = std::numeric_limits<std::int64_t>;
    if (const int infinity = compat::interval_infinity(interval); infinity != 0)
        return infinity > 0 ? Limits::max() : Limits::min();
    const __int128 days = static_cast<__int128>(interval->month) * DAYS_PER_MONTH + interval->day;
    const __int128 us = days * USECS_PER_DAY + interval->time;
    return static_cast<std::int64_t>(us >= 0 ? (us + 999) / 1000 : us / 1000); // always fits
}

Datum result(FunctionCallInfo fcinfo, const Value &value) {
    return value.is_null() ? null(fcinfo) : make_datum(value);
}

Record::Record(FunctionCallInfo fcinfo) {
    const bool composite = call([&] {
        if (get_call_result_type(fcinfo, nullptr, &desc_) != TYPEFUNC_COMPOSITE)
            return false;
        desc_ = BlessTupleDesc(desc_);
        return true;
    });
    if (!composite)
        throw Error(sqlstate::feature_not_supported,
                    "function returning record called in context that cannot accept type record");
}

Datum Record::make(std::initializer_list<Value> values) const {
    check_types(desc_, values);
    return call([&] {
        const Row row = make_row(values);
        return HeapTupleGetDatum(heap_form_tuple(desc_, row.datums, row.nulls));
    });
}

SetResult::SetResult(FunctionCallInfo fcinfo) {
    auto *rs = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    if (rs == nullptr || !IsA(rs, ReturnSetInfo))
        throw Error(sqlstate::feature_not_supported,
                    "set-valued function called in context that cannot accept a set");
    if ((rs->allowedModes & SFRM_Materialize) == 0)
        throw Error(sqlstate::feature_not_supported,
                    "materialize mode required, but it is not allowed in this context");
    const MemoryContext lasting = rs->econtext->ecxt_per_query_memory;
    const bool known = call([&] {
        TupleDesc declared = nullptr;
        const TypeFuncClass kind = get_call_result_type(fcinfo, nullptr, &declared);
        if (kind == TYPEFUNC_SCALAR)
            declared = rs->expectedDesc;
        else if (kind != TYPEFUNC_COMPOSITE)
            declared = nullptr;
        if (declared == nullptr)
            return false;
        const MemoryContext caller = MemoryContextSwitchTo(lasting);
        desc_ = BlessTupleDesc(CreateTupleDescCopy(declared));
        store_ = tuplestore_begin_heap((rs->allowedModes & SFRM_Materialize_Random) != 0, false,
                                       work_mem);
        rs->returnMode = SFRM_Materialize;
        rs->setResult = store_;
        rs->setDesc = desc_;
        MemoryContextSwitchTo(caller);
        return true;
    });
    if (!known)
        throw Error(sqlstate::feature_not_supported,
                    "function returning record called in context that cannot accept type record");
}

void SetResult::put(std::initializer_list<Value> values) {
    check_types(desc_, values);
    call([&] {
        const MemoryContext caller = MemoryContextSwitchTo(row_.get());
        const Row row = make_row(values);
        tuplestore_putvalues(store_, desc_, row.datums, row.nulls);
        MemoryContextSwitchTo(caller);
    });
    row_.reset();
}
} // namespace pgcrew
