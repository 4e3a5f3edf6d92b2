// How the tables of a schema were made, and what this process knows of a schema.
#pragma once
#include "pg/duroxide/provider.hpp"

namespace pgcrew::bgjob::duroxide {

struct TableShape {
    const char *name;
    const char *types; // of the columns: t text, b bigint, i integer, z timestamptz
    const char *sequence;
};
extern const TableShape table_shape[tables];

// Rows that are in the index: all, or those where a column is null, or is not.
enum class Holds { All, Null, NotNull };
struct IndexShape {
    const char *name;
    Table table;
    bool unique;
    AttrNumber columns[3];
    int count;
    Holds holds;
    AttrNumber about;
};
extern const IndexShape index_shape[indexes];

// What this process knows of a schema. A table is `fit` as long as nobody has altered it since it
// was looked at; its indexes are known then.
struct KnownSchema {
    KnownSchema *next;
    Oid schema;
    struct {
        Oid oid;
        Oid sequence;
        bool fit;
        QueueStart start;
    } table[tables];
    Oid index[indexes];
};

// The rest within call().
KnownSchema *known_schema(Oid schema);

// Null if it is not as it was made, or belongs to somebody else.
Relation open_table(KnownSchema &known, Table t, Oid owner, LOCKMODE lock);

} // namespace pgcrew::bgjob::duroxide
