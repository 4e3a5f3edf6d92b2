// A row is formed as a MinimalTuple straight into the block at hand, without a copy in between. A
// full block is published, and a part of one when 10 ms have passed since the last time, whether
// somebody waits or not: a reader may come later and would find the row missing. The clock costs
// more than a plain row, so while rows come fast only each 64th looks at it.
#include "pg/spool_writer.hpp"

#include "pg/row_type.hpp"
#include "pgcrew/values.hpp"

#include <algorithm>

extern "C" {
#include <access/detoast.h>
#include <access/htup_details.h>
#include <catalog/pg_collation.h>
#include <catalog/pg_type.h>
#include <executor/tuptable.h>
#include <utils/builtins.h>
}

namespace pgcrew::bgjob {
namespace {

constexpr std::size_t block_size = 32768; // divides the usual queue size, and pages divide it
constexpr std::chrono::milliseconds publish_interval{10};
constexpr std::chrono::milliseconds slow_rows{1}; // between two looks at the clock
constexpr int max_clock_interval = 64;

// Whoever reads the row makes a HeapTuple of it, which has a longer header.
constexpr Size max_row_size = MaxAllocSize - 1024;

[[noreturn]] void throw_row_too_large(uint64 row, Size size) {
    throw Error(sqlstate::program_limit_exceeded, "row is too large for the result of a job",
                "Row " + std::to_string(row) + " has " + std::to_string(size) +
                    " bytes, the limit is " + std::to_string(max_row_size) + ".");
}

// How a row will lie in memory.
struct Shape {
    bool has_nulls;
    Size header, data;
    Size size() const noexcept { return header + data; }
};

// Server calls, these two.
Shape measure(TupleDesc desc, Datum *values, bool *nulls) {
    Shape shape{};
    for (int i = 0; i < desc->natts; ++i)
        shape.has_nulls |= nulls[i];
    shape.header =
        MAXALIGN(SizeofMinimalTupleHeader + (shape.has_nulls ? BITMAPLEN(desc->natts) : 0));
    shape.data = heap_compute_data_size(desc, values, nulls);
    return shape;
}

// `at` is zeroed, the length set.
void fill(std::byte *at, const Shape &shape, TupleDesc desc, Datum *values, bool *nulls) {
    auto *tuple = reinterpret_cast<MinimalTuple>(at);
    HeapTupleHeaderSetNatts(tuple, desc->natts);
    tuple->t_hoff = static_cast<uint8>(shape.header + MINIMAL_TUPLE_OFFSET);
    heap_fill_tuple(desc, values, nulls, reinterpret_cast<char *>(at) + shape.header, shape.data,
                    &tuple->t_infomask, shape.has_nulls ? tuple->t_bits : nullptr);
}

} // namespace

SpoolWriter::SpoolWriter(JobId id) : publisher_(id), block_(block_size) {
    receiver_.server.receiveSlot = callback<&SpoolWriter::receive>;
    receiver_.server.rStartup = callback<&SpoolWriter::start>;
    receiver_.server.rShutdown = callback<&SpoolWriter::shut_down>;
    receiver_.server.rDestroy = callback<&SpoolWriter::destroy>;
    receiver_.server.mydest = DestTuplestore;
    receiver_.writer = this;
}

SpoolWriter::~SpoolWriter() {
    // Not empty: an error ended the statement.
    if (!block_.empty() && publisher_.wanted() && !publisher_.broken())
        cleanup("keeping the rows of a job", [this] { keep_what_came(); });
}

// The transaction is over, and with it the file's owner.
void SpoolWriter::keep_what_came() {
    const OwnerScope owner("bgjob rows");
    publisher_.forget_file();
    publish(SpoolPublisher::Wake::Nobody);
    publisher_.close_file();
}

void SpoolWriter::start(DestReceiver *self, int, TupleDesc desc) { writer_of(self).describe(desc); }

bool SpoolWriter::receive(TupleTableSlot *slot, DestReceiver *self) {
    SpoolWriter &writer = writer_of(self);
    if (writer.publisher_.wanted()) {
        const bool done = call([&] {
            slot_getallattrs(slot);
            return writer.put_as_it_came(slot->tts_values, slot->tts_isnull);
        });
        if (!done)
            writer.put(slot->tts_values, slot->tts_isnull);
        writer.publish_if_due();
    }
    writer.publisher_.set_row_count(++writer.rows_);
    return true;
}

void SpoolWriter::shut_down(DestReceiver *self) {
    SpoolWriter &writer = writer_of(self);
    if (writer.publisher_.wanted())
        writer.publish(SpoolPublisher::Wake::Nobody);
    writer.publisher_.close_file();
}

void SpoolWriter::describe(TupleDesc desc) {
    RowType row_type = row_type_of(desc);
    varlenas_.clear();
    voids_.clear();
    for (int i = 0; i < desc->natts; ++i) {
        const Form_pg_attribute attribute = TupleDescAttr(desc, i);
        if (attribute->atttypid == VOIDOID) {
            row_type[static_cast<std::size_t>(i)] = {TEXTOID, -1, DEFAULT_COLLATION_OID,
                                                     NameStr(attribute->attname)};
            voids_.push_back(i);
        } else if (attribute->attlen == -1) {
            varlenas_.push_back(i);
        }
    }
    has_records_ = may_hold_records(desc);
    const MemoryScope scope(memory_.get());
    desc_ = voids_.empty() ? call([&] { return CreateTupleDescCopy(desc); }) : make_desc(row_type);
    row_type_ = pack(row_type);
    publisher_.choose_place();
    published_ = looked_ = Clock::now();
}

bool SpoolWriter::comes_ready(const Datum *values, const bool *nulls) const noexcept {
    if (!voids_.empty() || has_records_)
        return false;
    Size total = 0;
    for (const int i : varlenas_) {
        if (nulls[i])
            continue;
        if (VARATT_IS_EXTERNAL(DatumGetPointer(values[i])))
            return false;
        total += VARSIZE_ANY(DatumGetPointer(values[i]));
    }
    return total <= block_size;
}

bool SpoolWriter::put_as_it_came(Datum *values, bool *nulls) {
    if (!comes_ready(values, nulls))
        return false;
    const Shape shape = measure(desc_, values, nulls);
    std::byte *at =
        shape.size() <= block_size ? block_.add_row(static_cast<uint32>(shape.size())) : nullptr;
    if (at == nullptr)
        return false;
    fill(at, shape, desc_, values, nulls);
    return true;
}

void SpoolWriter::put(Datum *values, bool *nulls) {
    const MemoryScope scope(row_memory_.get());
    if (!comes_ready(values, nulls))
        values = remade(values, nulls);
    if (has_records_)
        put_types(values, nulls);
    const Shape shape = call([&] { return measure(desc_, values, nulls); });
    if (shape.size() > max_row_size)
        throw_row_too_large(rows_ + 1, shape.size());
    const auto size = static_cast<uint32>(shape.size());
    std::byte *at = block_.add_row(size);
    if (at == nullptr) {
        publish();
        block_.make_room(size);
        at = block_.add_row(size);
    }
    call([&] { fill(at, shape, desc_, values, nulls); });
    row_memory_.reset();
}

// The values with nothing left that lies elsewhere: in a toast table, in a PL's variable.
Datum *SpoolWriter::remade(const Datum *values, const bool *nulls) {
    values_.assign(values, values + desc_->natts);
    // Together they may be larger than any row may be: that is known before they are fetched.
    const Size total = call([&] {
        Size sum = 0;
        for (const int i : varlenas_)
            sum += nulls[i] ? 0 : toast_datum_size(values[i]);
        return sum;
    });
    if (total > max_row_size)
        throw_row_too_large(rows_ + 1, total);
    call([&] {
        for (const int i : varlenas_)
            if (!nulls[i] && VARATT_IS_EXTERNAL(DatumGetPointer(values[i])))
                values_[static_cast<std::size_t>(i)] = PointerGetDatum(detoast_external_attr(
                    reinterpret_cast<struct varlena *>(DatumGetPointer(values[i]))));
        for (const int i : voids_)
            values_[static_cast<std::size_t>(i)] = CStringGetTextDatum("");
    });
    return values_.data();
}

void SpoolWriter::put_types(const Datum *values, const bool *nulls) {
    for (const std::string &description : record_types_.new_types(desc_, values, nulls)) {
        if (block_.add_type(description))
            continue;
        publish();
        block_.make_room(BlockBuilder::type_entry_bytes(description));
        block_.add_type(description);
    }
}

void SpoolWriter::put_command_tags(const std::vector<std::string> &tags, uint64 processed) {
    rows_ = processed;
    publisher_.set_row_count(processed);
    if (!publisher_.wanted())
        return;
    const MemoryScope scope(memory_.get());
    describe(make_desc({{TEXTOID, -1, DEFAULT_COLLATION_OID, "command_tag"}}));
    for (const std::string &tag : tags) {
        Datum value = make_text(tag);
        bool null = false;
        put(&value, &null);
    }
    publish(SpoolPublisher::Wake::Nobody);
    publisher_.close_file();
}

void SpoolWriter::publish(SpoolPublisher::Wake wake) {
    publisher_.publish(block_, row_type_, wake);
    published_ = Clock::now();
}

void SpoolWriter::publish_if_due() {
    if (--rows_to_clock_ > 0)
        return;
    const Clock::time_point now = Clock::now();
    clock_interval_ =
        now - looked_ >= slow_rows ? 1 : std::min(clock_interval_ * 2, max_clock_interval);
    rows_to_clock_ = clock_interval_;
    looked_ = now;
    if (now - published_ >= publish_interval && !block_.empty())
        publish();
}

} // namespace pgcrew::bgjob
