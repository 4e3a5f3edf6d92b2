#include "pg/record_types.hpp"

#include "core/packing.hpp"
#include "pg/array_elements.hpp"
#include "pg/row_type.hpp"

extern "C" {
#include <access/htup_details.h>
#include <catalog/pg_type.h>
#include <executor/executor.h>
#include <funcapi.h>
#include <utils/typcache.h>
}

// Values nest, so what walks them recurses; check_stack_depth() sees to the limit.
// NOLINTBEGIN(misc-no-recursion)

namespace pgcrew::bgjob {

bool may_hold_records(Oid type) noexcept { return type == RECORDOID || type == RECORDARRAYOID; }

bool may_hold_records(TupleDesc desc) noexcept {
    for (int i = 0; i < desc->natts; ++i)
        if (may_hold_records(TupleDescAttr(desc, i)->atttypid))
            return true;
    return false;
}

namespace {

// Plain C from here on.

// An array of a named type passes for record[], too: there is nothing anonymous in it.
ArrayElements take_apart(Datum datum) {
    ArrayType *array = DatumGetArrayTypeP(datum);
    if (ARR_ELEMTYPE(array) == RECORDOID)
        return array_elements(array);
    ArrayElements none{};
    none.array = array;
    return none;
}

struct Fields {
    Datum *values;
    bool *nulls;
};

Fields take_apart(HeapTupleHeader record, TupleDesc desc) {
    HeapTupleData tuple{};
    tuple.t_len = HeapTupleHeaderGetDatumLength(record);
    tuple.t_data = record;
    Fields f{};
    f.values = static_cast<Datum *>(palloc(sizeof(Datum) * static_cast<Size>(desc->natts)));
    f.nulls = static_cast<bool *>(palloc(sizeof(bool) * static_cast<Size>(desc->natts)));
    heap_deform_tuple(&tuple, desc, f.values, f.nulls);
    return f;
}

bool is_anonymous(HeapTupleHeader record) {
    return HeapTupleHeaderGetTypeId(record) == RECORDOID && HeapTupleHeaderGetTypMod(record) >= 0;
}

struct Search {
    MemoryContext keep; // of `known`
    Bitmapset *known;
    List *found; // TupleDesc
};

void search(Search *s, Datum value, Oid type);

void search_all(Search *s, TupleDesc desc, const Datum *values, const bool *nulls) {
    for (int i = 0; i < desc->natts; ++i)
        if (!nulls[i])
            search(s, values[i], TupleDescAttr(desc, i)->atttypid);
}

void search_record(Search *s, HeapTupleHeader record) {
    if (!is_anonymous(record))
        return;
    const int32 typmod = HeapTupleHeaderGetTypMod(record);
    TupleDesc desc = lookup_rowtype_tupdesc_copy(RECORDOID, typmod);
    if (!bms_is_member(typmod, s->known)) {
        MemoryContext old = MemoryContextSwitchTo(s->keep);
        s->known = bms_add_member(s->known, typmod);
        MemoryContextSwitchTo(old);
        s->found = lappend(s->found, desc);
    }
    if (may_hold_records(desc)) {
        const Fields f = take_apart(record, desc);
        search_all(s, desc, f.values, f.nulls);
    }
}

void search(Search *s, Datum value, Oid type) {
    check_stack_depth();
    if (type == RECORDOID) {
        search_record(s, DatumGetHeapTupleHeader(value));
    } else if (type == RECORDARRAYOID) {
        const ArrayElements e = take_apart(value);
        for (int i = 0; i < e.count; ++i)
            if (!e.nulls[i])
                search(s, e.values[i], RECORDOID);
    }
}

} // namespace

std::vector<std::string> RecordTypes::new_types(TupleDesc desc, const Datum *values,
                                                const bool *nulls) {
    Search s{memory_.get(), known_, NIL};
    call([&] { search_all(&s, desc, values, nulls); });
    known_ = s.known;
    std::vector<std::string> descriptions;
    for (int i = 0; i < list_length(s.found); ++i) {
        auto *type = static_cast<TupleDesc>(list_nth(s.found, i));
        Packer packer;
        packer.number(static_cast<uint32>(type->tdtypmod));
        packer.text(pack(row_type_of(type)));
        descriptions.push_back(packer.take());
    }
    return descriptions;
}

void ReaderRecordTypes::learn(JobId id, std::string_view description) {
    Unpacker unpacker(description);
    const std::size_t typmod = unpacker.number();
    const RowType row_type = unpack_row_type(unpacker.text());
    check_types_exist(id, row_type);
    if (types_.size() <= typmod)
        types_.resize(typmod + 1, nullptr);
    const MemoryScope scope(memory_.get());
    types_[typmod] = make_desc(row_type);
}

TupleDesc ReaderRecordTypes::find(int32 typmod) const noexcept {
    const auto i = static_cast<std::size_t>(typmod);
    return i < types_.size() ? types_[i] : nullptr;
}

Datum ReaderRecordTypes::translate_record(Datum value) const {
    HeapTupleHeader record = DatumGetHeapTupleHeaderCopy(value);
    if (!is_anonymous(record))
        return HeapTupleHeaderGetDatum(record);
    TupleDesc desc = find(HeapTupleHeaderGetTypMod(record));
    if (desc == nullptr || !may_hold_records(desc)) {
        // A type that nobody described gets a number that the server refuses to look up.
        HeapTupleHeaderSetTypMod(record, desc != nullptr ? desc->tdtypmod : -1);
        return HeapTupleHeaderGetDatum(record);
    }
    const Fields f = take_apart(record, desc);
    for (int i = 0; i < desc->natts; ++i)
        if (!f.nulls[i])
            f.values[i] = translate(f.values[i], TupleDescAttr(desc, i)->atttypid);
    return HeapTupleGetDatum(heap_form_tuple(desc, f.values, f.nulls));
}

Datum ReaderRecordTypes::translate_array(Datum value) const {
    const ArrayElements e = take_apart(value);
    if (ARR_ELEMTYPE(e.array) != RECORDOID)
        return value;
    for (int i = 0; i < e.count; ++i)
        if (!e.nulls[i])
            e.values[i] = translate_record(e.values[i]);
    return PointerGetDatum(construct_md_array(e.values, e.nulls, ARR_NDIM(e.array),
                                              ARR_DIMS(e.array), ARR_LBOUND(e.array), RECORDOID,
                                              e.length, e.by_value, e.alignment));
}

Datum ReaderRecordTypes::translate(Datum value, Oid type) const {
    check_stack_depth();
    if (type == RECORDOID)
        return translate_record(value);
    return type == RECORDARRAYOID ? translate_array(value) : value;
}

} // namespace pgcrew::bgjob
// NOLINTEND(misc-no-recursion)
