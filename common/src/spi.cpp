#include "pgcrew/spi.hpp"

#include "pgcrew/memory.hpp"

extern "C" {
#include <catalog/pg_type.h>
#include <executor/spi.h>
#include <utils/builtins.h>
#include <utils/lsyscache.h>
}

namespace pgcrew {
namespace {

// A cell on its way out: `text` is palloc'd, null for types passed by value that we know.
struct FlatCell {
    bool null;
    Datum scalar;
    char *text;
};

struct FlatResult {
    Oid *types;
    FlatCell *cells;
    std::size_t columns, rows;
};

bool is_scalar(Oid type) {
    switch (type) {
    case BOOLOID:
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case FLOAT4OID:
    case FLOAT8OID:
    case OIDOID:
    case TIMESTAMPTZOID:
        return true;
    default:
        return false;
    }
}

// Server calls: reads SPI_tuptable into the current context and frees it.
FlatResult flatten() {
    FlatResult out{};
    SPITupleTable *const table = SPI_tuptable;
    if (table == nullptr)
        return out;
    const TupleDesc desc = table->tupdesc;
    out.columns = static_cast<std::size_t>(desc->natts);
    out.rows = table->numvals;
    out.types = static_cast<Oid *>(palloc(sizeof(Oid) * (out.columns + 1)));
    out.cells = static_cast<FlatCell *>(MemoryContextAllocHuge(
        CurrentMemoryContext, sizeof(FlatCell) * (out.rows * out.columns + 1)));
    for (std::size_t c = 0; c < out.columns; ++c) {
        const int attribute = static_cast<int>(c) + 1;
        const Oid type = out.types[c] = SPI_gettypeid(desc, attribute);
        Oid output = InvalidOid;
        bool varlena = false;
        getTypeOutputInfo(type, &output, &varlena);
        FmgrInfo function;
        fmgr_info(output, &function);
        for (std::size_t r = 0; r < out.rows; ++r) {
            FlatCell &cell = out.cells[r * out.columns + c];
            cell.scalar = SPI_getbinval(table->vals[r], desc, attribute, &cell.null);
            cell.text =
                cell.null || is_scalar(type) ? nullptr : OutputFunctionCall(&function, cell.scalar);
        }
    }
    SPI_freetuptable(table);
    return out;
}

[[noreturn]] void fail(const std::string &what) { throw Error(sqlstate::internal_error, what); }

std::string place(std::size_t row, std::size_t column) {
    return "row " + std::to_string(row) + ", column " + std::to_string(column);
}
} // namespace

Spi::Spi() {
    const MemoryContext caller = CurrentMemoryContext;
    const int rc = call([&] {
        const int code = SPI_connect();
        MemoryContextSwitchTo(caller);
        return code;
    });
    if (rc != SPI_OK_CONNECT)
        fail("SPI_connect failed");
}

Spi::~Spi() {
    if (tainted())
        return;
    const MemoryContext caller = CurrentMemoryContext;
    cleanup("closing an SPI session", [] { SPI_finish(); });
    MemoryContextSwitchTo(caller);
}

Rows Spi::run(const SpiOptions &options, Sql sql, const Value *values, std::size_t count) {
    const OwnedMemory memory("pgcrew SPI result");
    Rows out;
    FlatResult flat{};
    const int rc = call([&] {
        const MemoryContext caller = MemoryContextSwitchTo(memory.get());
        auto *types = static_cast<Oid *>(palloc(sizeof(Oid) * (count + 1)));
        auto *datums = static_cast<Datum *>(palloc(sizeof(Datum) * (count + 1)));
        auto *nulls = static_cast<char *>(palloc(count + 1));
        for (std::size_t i = 0; i < count; ++i) {
            types[i] = values[i].type();
            datums[i] = values[i].make();
            nulls[i] = values[i].is_null() ? 'n' : ' ';
        }
        const int code =
            SPI_execute_with_args(sql.text(), static_cast<int>(count), types, datums, nulls,
                                  options.read_only, static_cast<long>(options.limit));
        MemoryContextSwitchTo(memory.get());
        if (code >= 0)
            flat = flatten();
        MemoryContextSwitchTo(caller);
        return code;
    });
    if (rc < 0)
        fail(std::string("SPI failed: ") + SPI_result_code_string(rc));
    out.processed_ = SPI_processed;
    out.columns_.assign(flat.types, flat.types + flat.columns);
    out.cells_.resize(flat.columns * flat.rows);
    for (std::size_t i = 0; i < out.cells_.size(); ++i) {
        const FlatCell &from = flat.cells[i];
        Rows::Cell &to = out.cells_[i];
        to.null = from.null;
        if (from.text != nullptr)
            to.text = from.text;
        else
            to.scalar = from.scalar;
    }
    return out;
}

const Rows::Cell &Rows::cell(std::size_t row, std::size_t column) const {
    if (row >= size() || column >= columns())
        fail("the result has no " + place(row, column));
    return cells_[row * columns() + column];
}

const Rows::Cell &Rows::not_null(std::size_t row, std::size_t column) const {
    const Cell &c = cell(row, column);
    if (c.null)
        throw Error(sqlstate::null_value_not_allowed, "unexpected null in " + place(row, column));
    return c;
}

namespace {
[[noreturn]] void wrong_type(std::size_t row, std::size_t column, Oid type) {
    throw Error(sqlstate::datatype_mismatch,
                "unexpected type with OID " + std::to_string(type) + " in " + place(row, column));
}
} // namespace

template <> bool Rows::get<bool>(std::size_t row, std::size_t column) const {
    const Cell &c = not_null(row, column);
    if (columns_[column] != BOOLOID)
        wrong_type(row, column, columns_[column]);
    return DatumGetBool(c.scalar);
}

template <> std::int32_t Rows::get<std::int32_t>(std::size_t row, std::size_t column) const {
    const Cell &c = not_null(row, column);
    switch (columns_[column]) {
    case INT2OID:
        return DatumGetInt16(c.scalar);
    case INT4OID:
        return DatumGetInt32(c.scalar);
    default:
        wrong_type(row, column, columns_[column]);
    }
}

template <> std::int64_t Rows::get<std::int64_t>(std::size_t row, std::size_t column) const {
    const Cell &c = not_null(row, column);
    return columns_[column] == INT8OID ? DatumGetInt64(c.scalar) : get<std::int32_t>(row, column);
}

template <> double Rows::get<double>(std::size_t row, std::size_t column) const {
    const Cell &c = not_null(row, column);
    switch (columns_[column]) {
    case FLOAT4OID:
        return DatumGetFloat4(c.scalar);
    case FLOAT8OID:
        return DatumGetFloat8(c.scalar);
    default:
        wrong_type(row, column, columns_[column]);
    }
}

template <> Oid Rows::get<Oid>(std::size_t row, std::size_t column) const {
    const Cell &c = not_null(row, column);
    if (columns_[column] != OIDOID)
        wrong_type(row, column, columns_[column]);
    return DatumGetObjectId(c.scalar);
}

template <> Timestamp Rows::get<Timestamp>(std::size_t row, std::size_t column) const {
    const Cell &c = not_null(row, column);
    if (columns_[column] != TIMESTAMPTZOID)
        wrong_type(row, column, columns_[column]);
    return timestamp_from_datum(c.scalar);
}

template <> Jsonb Rows::get<Jsonb>(std::size_t row, std::size_t column) const {
    const Cell &c = not_null(row, column);
    if (columns_[column] != JSONBOID)
        wrong_type(row, column, columns_[column]);
    return {c.text};
}

template <> std::string Rows::get<std::string>(std::size_t row, std::size_t column) const {
    const Cell &c = not_null(row, column);
    if (is_scalar(columns_[column]))
        wrong_type(row, column, columns_[column]);
    return c.text;
}
} // namespace pgcrew
