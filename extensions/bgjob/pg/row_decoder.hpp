// Takes rows out of blocks.
#pragma once
#include "core/row_block.hpp"
#include "pg/record_types.hpp"
#include "pg/result.hpp"
#include "pg/row_type.hpp"

extern "C" {
#include <executor/executor.h>
#include <executor/tuptable.h>
#include <parser/parse_coerce.h>
}

namespace pgcrew::bgjob {

// Gives each row of a result in a slot of the wanted description: with record types that this
// process knows, and of the length or precision that the wanted columns have.
class RowDecoder : NoCopy {
  public:
    RowDecoder(JobId id, const RowType &result, TupleDesc wanted)
        : id_(id), desc_(wanted), has_records_(may_hold_records(wanted)) {
        for (int i = 0; i < desc_->natts; ++i)
            find_length(i, result[static_cast<std::size_t>(i)].typmod);
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
    struct Length {
        int column;
        int32 typmod;
        FmgrInfo cast; // implicit: what is too long is an error
    };

    void find_length(int column, int32 typmod_of_result) {
        const Form_pg_attribute attribute = TupleDescAttr(desc_, column);
        if (attribute->atttypmod < 0 || attribute->atttypmod == typmod_of_result)
            return;
        Length length{column, attribute->atttypmod, {}};
        const bool found = call([&] {
            Oid function = InvalidOid;
            if (find_typmod_coercion_function(attribute->atttypid, &function) != COERCION_PATH_FUNC)
                return false;
            fmgr_info(function, &length.cast);
            return true;
        });
        if (found)
            lengths_.push_back(length);
    }

    template <class F>
    std::optional<BlockEntry> rows_up_to_type(BlockCursor &cursor, RowRange &range, F put) {
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
        if (!has_records_ && lengths_.empty())
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
        for (Length &length : lengths_) {
            Datum &value = translated_->tts_values[length.column];
            if (!translated_->tts_isnull[length.column])
                value = FunctionCall3(&length.cast, value, Int32GetDatum(length.typmod),
                                      BoolGetDatum(false));
        }
        return ExecStoreVirtualTuple(translated_);
    }

    const JobId id_;
    TupleDesc desc_;
    const bool has_records_;
    std::vector<Length> lengths_; // of columns whose values need not have them
    TupleTableSlot *stored_ = nullptr, *translated_ = nullptr;
    ReaderRecordTypes types_;
    OwnedMemory row_memory_{"bgjob rows read"};
};

} // namespace pgcrew::bgjob
