// Takes the rows of a job where they arise and spools them for the readers.
#pragma once
#include "pg/record_types.hpp"
#include "pg/spool_publisher.hpp"
#include "pgcrew/memory.hpp"

#include <chrono>
#include <string>
#include <vector>

extern "C" {
#include <tcop/dest.h>
}

namespace pgcrew::bgjob {

// Lives around the job's transaction, so that rows that came before an error are kept.
class SpoolWriter : NoCopy {
  public:
    explicit SpoolWriter(JobId id);
    ~SpoolWriter();

    // Where the executor sends the rows of the last statement.
    DestReceiver *receiver() noexcept { return &receiver_.server; }

    // For a job whose last statement returns no rows: one row a statement. `processed` is what the
    // last one says of rows.
    void put_command_tags(const std::vector<std::string> &tags, uint64 processed);

    uint64 rows() const noexcept { return rows_; }

  private:
    using Clock = std::chrono::steady_clock;

    struct Receiver {
        DestReceiver server; // first: the server knows no more
        SpoolWriter *writer;
    };
    static SpoolWriter &writer_of(DestReceiver *receiver) noexcept {
        return *reinterpret_cast<Receiver *>(receiver)->writer;
    }
    static void start(DestReceiver *self, int operation, TupleDesc desc);
    static bool receive(TupleTableSlot *slot, DestReceiver *self);
    static void shut_down(DestReceiver *self);
    static void destroy(DestReceiver *) {} // the writer owns it

    void describe(TupleDesc desc);
    bool comes_ready(const Datum *values, const bool *nulls) const noexcept;
    // Server call. False when the row must be remade first, or does not fit into the block.
    bool put_as_it_came(Datum *values, bool *nulls);
    void put(Datum *values, bool *nulls); // any row
    Datum *remade(const Datum *values, const bool *nulls);
    void put_types(const Datum *values, const bool *nulls);
    void publish(SpoolPublisher::Wake wake = SpoolPublisher::Wake::Readers);
    void publish_if_due();
    void keep_what_came();

    SpoolPublisher publisher_;
    Receiver receiver_{};
    BlockBuilder block_;
    OwnedMemory memory_{"bgjob rows", TopMemoryContext};    // of this object
    OwnedMemory row_memory_{"bgjob row", TopMemoryContext}; // of one row
    RecordTypes record_types_;
    std::string row_type_;      // packed
    TupleDesc desc_ = nullptr;  // of the rows as they travel
    std::vector<int> varlenas_; // columns that may need to be fetched or flattened
    std::vector<int> voids_;    // columns without a value, which travel as empty text
    bool has_records_ = false;
    std::vector<Datum> values_; // of a row that is not taken as it came
    uint64 rows_ = 0;
    int rows_to_clock_ = 1, clock_interval_ = 1;
    Clock::time_point published_, looked_;
};

} // namespace pgcrew::bgjob
