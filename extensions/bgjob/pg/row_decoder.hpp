// Takes rows out of blocks.
#pragma once
#include "core/row_block.hpp"
#include "pg/record_types.hpp"
#include "pg/result.hpp"

extern "C" {
#include <executor/executor.h>
#include <executor/tuptable.h>
}

namespace pgcrew::bgjob {

// Gives each row in a slot, with record types that this process knows.
class RowDecoder : NoCopy {
  public:
    RowDecoder(JobId id, TupleDesc desc) : id_(id), desc_(desc), has_records_(may_hold_records(desc)) {
        call([&] {
            stored_ = MakeSingleTupleTableSlot(desc_, &TTSOpsMinimalTuple);
            translated_ = MakeSingleTupleTableSlot(desc_, &TTSOpsVirtual);
        });
    }
    ~RowDecoder() {
        cleanup("dropping slots", [stored = stored_, translated = translated_] {
            ExecDropSingleTupleTableSlot(stored);
            ExecDropSingleTupleTableSlot(translated);
        });
    }

    bool has_records() const noexcept { return has_records_; }

    // Calls put(slot), plain C, for each row of the range. True when the range is complete.
    template <class F> bool decode(const std::byte *block, RowRange &range, F put) {
        BlockCursor cursor(block);
        while (const auto type = rows_up_to_type(cursor, range, put))
            types_.learn(id_, {reinterpret_cast<const char *>(type->data), type->bytes});
        check_for_interrupts();
        return range.max_rows == 0;
    }

  private:
    template <class F> std::optional<BlockEntry> rows_up_to_type(BlockCursor &cursor, RowRange &range, F put) {
        std::optional<BlockEntry> type;
        call([&] {
            MemoryContext old = MemoryContextSwitchTo(row_memory_.get());
            while (range.max_rows > 0) {
                const std::optional<BlockEntry> entry = cursor.next();
                if (!entry)
                    break;
                if (entry->is_type) {
                    type = entry;
                    break;
                }
                if (range.skip > 0) {
                    --range.skip;
                    continue;
                }
                put(slot_with(entry->data));
                --range.max_rows;
            }
            MemoryContextSwitchTo(old);
        });
        row_memory_.reset();
        return type;
    }

    TupleTableSlot *slot_with(const std::byte *row) {
        auto *tuple = reinterpret_cast<MinimalTuple>(const_cast<std::byte *>(row));
        ExecStoreMinimalTuple(tuple, stored_, false);
        if (!has_records_)
            return stored_;
        slot_getallattrs(stored_);
        ExecClearTuple(translated_);
        for (int i = 0; i < desc_->natts; ++i) {
            const bool null = stored_->tts_isnull[i];
            translated_->tts_isnull[i] = null;
            translated_->tts_values[i] =
                null ? stored_->tts_values[i]
                     : types_.translate(stored_->tts_values[i], TupleDescAttr(desc_, i)->atttypid);
        }
        return ExecStoreVirtualTuple(translated_);
    }

    const JobId id_;
    TupleDesc desc_;
    const bool has_records_;
    TupleTableSlot *stored_ = nullptr, *translated_ = nullptr;
    ReaderRecordTypes types_;
    OwnedMemory row_memory_{"bgjob rows read"};
};

} // namespace pgcrew::bgjob
