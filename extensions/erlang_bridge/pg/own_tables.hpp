// The extension's tables, read without SQL, and the news that something changed there: with it,
// what was read can be kept.
#pragma once
#include "pgcrew/guards.hpp"

#include <cstdint>

extern "C" {
#include <access/genam.h>
#include <access/htup_details.h>
#include <access/table.h>
#include <utils/rel.h>
}

namespace pgcrew::erlang_bridge {

enum class OwnTable { Node, Permission };

// Another number after each change of a table or of a role, by whomever. Takes news in, so that a
// REVOKE that was committed counts at once; costs some nanoseconds.
std::uint64_t generation();

// 55000 in a database without the extension.
Oid own_table(OwnTable table);

// To write to the table, whose owner alone may: our functions decide who may call them.
UserScope as_owner(OwnTable table);

// Calls f(const Datum *values, const bool *nulls) for each row of the latest state, whatever the
// transaction's isolation, until it returns false. `f` stands within call().
template <class F> void scan(OwnTable table, F &&f) {
    const Oid id = own_table(table);
    call([&] {
        const Relation relation = table_open(id, AccessShareLock);
        const TupleDesc desc = RelationGetDescr(relation);
        const auto size = static_cast<Size>(desc->natts);
        auto *const values = static_cast<Datum *>(palloc(size * sizeof(Datum)));
        auto *const nulls = static_cast<bool *>(palloc(size * sizeof(bool)));
        // Without a snapshot it takes a new one, as for catalogues, also in a parallel query.
        const SysScanDesc scan =
            systable_beginscan(relation, InvalidOid, false, nullptr, 0, nullptr);
        for (HeapTuple row = systable_getnext(scan); HeapTupleIsValid(row);
             row = systable_getnext(scan)) {
            CHECK_FOR_INTERRUPTS();
            heap_deform_tuple(row, desc, values, nulls);
            if (!f(values, nulls))
                break;
        }
        systable_endscan(scan);
        table_close(relation, AccessShareLock);
    });
}

} // namespace pgcrew::erlang_bridge
