// Values of anonymous record types. The number of such a type (its typmod) means something to one
// process only, so the worker describes each type it uses, once, and the reader puts its own
// number in place of the worker's. Only columns of type record and record[] can hold such values,
// and in them further ones may nest.
#pragma once
#include "pg/job.hpp"
#include "pgcrew/memory.hpp"

#include <string>
#include <string_view>
#include <vector>

extern "C" {
#include <access/tupdesc.h>
#include <nodes/bitmapset.h>
#include <nodes/pg_list.h>
}

namespace pgcrew::bgjob {

bool may_hold_records(Oid type) noexcept;
bool may_hold_records(TupleDesc desc) noexcept;

// In the worker: finds the record types not yet described.
class RecordTypes : NoCopy {
  public:
    // Descriptions of types that these values use and no earlier ones did.
    std::vector<std::string> new_types(TupleDesc desc, const Datum *values, const bool *nulls);

  private:
    OwnedMemory memory_{"bgjob record types", TopMemoryContext};
    Bitmapset *known_ = nullptr; // typmods
};

// In the reader: the worker's types by the worker's numbers.
class ReaderRecordTypes : NoCopy {
  public:
    void learn(JobId id, std::string_view description);

    // Server call: the value with the reader's numbers, in the current context.
    Datum translate(Datum value, Oid type) const;

  private:
    Datum translate_record(Datum value) const;
    Datum translate_array(Datum value) const;
    TupleDesc find(int32 typmod) const noexcept;

    OwnedMemory memory_{"bgjob record types"};
    std::vector<TupleDesc> types_; // null: not known
};

} // namespace pgcrew::bgjob
