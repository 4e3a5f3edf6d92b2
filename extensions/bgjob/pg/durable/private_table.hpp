// A table of bgjob's own, read and written by its access methods and not by SQL: that needs no
// rights, heeds no search_path, fires no trigger, and costs a tenth. Needs a transaction.
#pragma once
#include "pgcrew/guards.hpp"
#include "pgcrew/values.hpp"

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

extern "C" {
#include <access/attnum.h>
#include <storage/itemptr.h>
#include <utils/relcache.h>
#include <utils/timestamp.h>
}

namespace pgcrew::bgjob {

// A row as it was read. Its text outlives the transaction.
class PrivateRow {
  public:
    bool is_null(AttrNumber column) const { return cell(column).null; }
    bool boolean(AttrNumber column) const { return DatumGetBool(cell(column).scalar); }
    int16 int16_of(AttrNumber column) const { return DatumGetInt16(cell(column).scalar); }
    int32 int32_of(AttrNumber column) const { return DatumGetInt32(cell(column).scalar); }
    int64 int64_of(AttrNumber column) const { return DatumGetInt64(cell(column).scalar); }
    Oid oid(AttrNumber column) const { return DatumGetObjectId(cell(column).scalar); }
    TimestampTz time(AttrNumber column) const { return DatumGetTimestampTz(cell(column).scalar); }
    // Of text and jsonb; empty if null.
    const std::string &text(AttrNumber column) const { return cell(column).text; }
    std::optional<std::string> opt_text(AttrNumber column) const {
        return is_null(column) ? std::nullopt : std::optional(text(column));
    }

    ItemPointerData place{}; // for update() and remove()

  private:
    friend class PrivateTable;
    struct Cell {
        bool null = true;
        Datum scalar = 0;
        std::string text;
    };
    const Cell &cell(AttrNumber column) const { return cells_.at(static_cast<size_t>(column) - 1); }
    std::vector<Cell> cells_;
};

// A moment as a value; 0 is NULL.
Value time_value(TimestampTz) noexcept;
// What is stored as a regrole.
inline Value role_value(Oid role) noexcept { return {role}; }

class PrivateTable : NoCopy {
  public:
    // 55000 if the extension is not installed in this database.
    explicit PrivateTable(const char *name);
    ~PrivateTable();
    static bool exists(const char *name);
    static int64 next_value(const char *sequence);
    Oid owner() const noexcept;                              // the extension's
    Relation relation() const noexcept { return relation_; } // for raw use, within call()

    // One value a column; their types must be those of the columns.
    void insert(std::initializer_list<Value> values);

    // Rows as they are now, with the transaction's own changes, whose first index columns (all
    // bigint) have these values, in the order of the index.
    std::optional<PrivateRow> find(const char *index, std::initializer_list<int64> key);
    std::vector<PrivateRow> all(const char *index, std::initializer_list<int64> key,
                                std::size_t most);

    // How many there are, but no more than so many are counted.
    std::size_t count(const char *index, std::initializer_list<int64> key, std::size_t most);

    struct Change {
        AttrNumber column;
        Value value;
    };
    // False if somebody else has changed or removed the row, or is about to.
    [[nodiscard]] bool update(const PrivateRow &row, std::span<const Change> changes);
    [[nodiscard]] bool update(const PrivateRow &row, std::initializer_list<Change> changes) {
        return update(row, std::span(changes.begin(), changes.size()));
    }
    [[nodiscard]] bool remove(const PrivateRow &row);

  private:
    Relation relation_;
};

} // namespace pgcrew::bgjob
