#include "pg/row_type.hpp"

#include "core/packing.hpp"
#include "pgcrew/boundary.hpp"

extern "C" {
#include <funcapi.h>
#include <nodes/pg_list.h>
#include <nodes/value.h>
#include <parser/parse_coerce.h>
#include <utils/builtins.h>
#include <utils/syscache.h>
}

namespace pgcrew::bgjob {
namespace {

std::string type_name(Oid type, int32 typmod) {
    return call([&] { return format_type_with_typemod(type, typmod); });
}

std::string numbered(int column, const std::string &name) {
    return "Column " + std::to_string(column) + " (\"" + name + "\")";
}

[[noreturn]] void throw_misfit(JobId id, std::string detail) {
    throw Error(sqlstate::datatype_mismatch,
                "column list does not fit the result of job " + std::to_string(id),
                std::move(detail));
}

} // namespace

RowType row_type_of(TupleDesc desc) {
    RowType row_type;
    row_type.reserve(static_cast<std::size_t>(desc->natts));
    for (int i = 0; i < desc->natts; ++i) {
        const Form_pg_attribute attribute = TupleDescAttr(desc, i);
        row_type.push_back({attribute->atttypid, attribute->atttypmod, attribute->attcollation,
                            NameStr(attribute->attname)});
    }
    return row_type;
}

std::string pack(const RowType &row_type) {
    Packer packer;
    packer.number(static_cast<uint32>(row_type.size()));
    for (const Column &column : row_type) {
        packer.number(column.type);
        packer.number(static_cast<uint32>(column.typmod));
        packer.number(column.collation);
        packer.text(column.name);
    }
    return packer.take();
}

RowType unpack_row_type(std::string_view bytes) {
    Unpacker unpacker(bytes);
    RowType row_type(unpacker.number());
    for (Column &column : row_type) {
        column.type = unpacker.number();
        column.typmod = static_cast<int32>(unpacker.number());
        column.collation = unpacker.number();
        column.name = unpacker.text();
    }
    return row_type;
}

TupleDesc make_desc(const RowType &row_type) {
    return call([&] {
        List *names = NIL, *types = NIL, *typmods = NIL, *collations = NIL;
        for (const Column &column : row_type) {
            names = lappend(names, makeString(pstrdup(column.name.c_str())));
            types = lappend_oid(types, column.type);
            typmods = lappend_int(typmods, column.typmod);
            collations = lappend_oid(collations, column.collation);
        }
        return BlessTupleDesc(BuildDescFromLists(names, types, typmods, collations));
    });
}

void check_types_exist(JobId id, const RowType &row_type) {
    int number = 0;
    for (const Column &column : row_type) {
        ++number;
        if (!call([&] { return SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(column.type)); }))
            throw Error(sqlstate::undefined_object,
                        "a type in the result of job " + std::to_string(id) + " no longer exists",
                        numbered(number, column.name) + " has the type with OID " +
                            std::to_string(column.type) + ", which was dropped.");
    }
}

void check_column_list(JobId id, const RowType &result, TupleDesc wanted) {
    if (result.size() != static_cast<std::size_t>(wanted->natts))
        throw_misfit(id, "The number of columns is " + std::to_string(result.size()) +
                             " in the result, but " + std::to_string(wanted->natts) +
                             " in the list.");
    for (int i = 0; i < wanted->natts; ++i) {
        const Column &column = result[static_cast<std::size_t>(i)];
        const Form_pg_attribute attribute = TupleDescAttr(wanted, i);
        if (!call([&] { return IsBinaryCoercible(column.type, attribute->atttypid); }))
            throw_misfit(id, numbered(i + 1, column.name) + " is of type " +
                                 type_name(column.type, column.typmod) + ", the list says \"" +
                                 NameStr(attribute->attname) + "\" " +
                                 type_name(attribute->atttypid, attribute->atttypmod) + ".");
    }
}

} // namespace pgcrew::bgjob
