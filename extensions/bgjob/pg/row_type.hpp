// The columns of a result, as they travel from the worker to the reader.
#pragma once
#include "pg/job.hpp"

#include <string>
#include <string_view>
#include <vector>

extern "C" {
#include <access/tupdesc.h>
}

namespace pgcrew::bgjob {

struct Column {
    Oid type;
    int32 typmod;
    Oid collation;
    std::string name;
};
using RowType = std::vector<Column>;

RowType row_type_of(TupleDesc desc);
std::string pack(const RowType &row_type);
RowType unpack_row_type(std::string_view bytes);

// A description for the server, in the current context, registered as that of anonymous records.
TupleDesc make_desc(const RowType &row_type);

// 42704 when a type was dropped since the job ran.
void check_types_exist(JobId id, const RowType &row_type);

// 42804 unless values of the result can stand in the wanted columns as they are.
void check_column_list(JobId id, const RowType &result, TupleDesc wanted);

} // namespace pgcrew::bgjob
