// Rows of a query as JSON, made as they come and no longer than allowed: objects, or arrays of the
// values in the order of the columns.
#pragma once
#include "pgcrew/memory.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

extern "C" {
#include <fmgr.h>
#include <lib/stringinfo.h>
#include <tcop/dest.h>
}

namespace pgcrew::bgjob {

class JsonRows : NoCopy {
  public:
    enum class Form { Objects, Arrays };
    explicit JsonRows(std::int64_t most_bytes, Form form = Form::Objects); // more are 54000
    DestReceiver *receiver() noexcept { return &sink_.receiver; }
    // All in an array; empty if the statement was none that gives rows.
    std::optional<std::string> text() const;
    std::vector<std::string_view> rows() const; // each by itself, as long as this lives

  private:
    struct Sink {
        DestReceiver receiver;
        MemoryContext memory;
        TupleDesc desc;    // of the rows; null: there are none
        StringInfo text;   // the rows, each followed by a 0
        MemoryContext row; // for the time of one
        bool arrays;
        FunctionCallInfo array; // that makes one of a row
        std::int64_t most_bytes;
    };
    static void start(DestReceiver *, int operation, TupleDesc desc);
    static bool receive(TupleTableSlot *slot, DestReceiver *);
    OwnedMemory memory_{"bgjob rows as JSON", TopMemoryContext};
    Sink sink_{};
};

} // namespace pgcrew::bgjob
