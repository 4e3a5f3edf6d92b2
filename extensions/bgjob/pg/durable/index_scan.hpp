// Rows of one of bgjob's own tables in the order of an index. All of it is server calls and plain
// data, for within call().
#pragma once
#include "pgcrew/boundary.hpp"

extern "C" {
#include <access/genam.h>
#include <access/htup_details.h>
#include <access/skey.h>
#include <miscadmin.h>
#include <utils/rel.h>
#include <utils/snapmgr.h>
}

namespace pgcrew::bgjob {

// Conditions on the first columns of the index.
struct Seek {
    ScanKeyData key[4];
    int count;

    Seek &add(AttrNumber attribute, StrategyNumber strategy, RegProcedure compare, Datum value) {
        ScanKeyInit(&key[count++], attribute, strategy, compare, value);
        return *this;
    }
};

// Calls use(tuple) for each row that is found until it says false.
template <class F>
void scan_index(Relation table, Relation index, Snapshot snapshot, Seek &seek, F use) {
    constexpr unsigned rows_between_checks = 256;
    unsigned looked = 0;
    SysScanDesc scan = systable_beginscan_ordered(table, index, snapshot, seek.count, seek.key);
    while (HeapTuple tuple = systable_getnext_ordered(scan, ForwardScanDirection)) {
        if (++looked % rows_between_checks == 0)
            CHECK_FOR_INTERRUPTS();
        if (!use(tuple))
            break;
    }
    systable_endscan_ordered(scan);
}

// The same, of the rows as they are now, with the transaction's own changes.
template <class F> void scan_index(Relation table, Oid index_oid, Seek &seek, F use) {
    Relation index = index_open(index_oid, AccessShareLock);
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    scan_index(table, index, snapshot, seek, use);
    UnregisterSnapshot(snapshot);
    index_close(index, AccessShareLock);
}

} // namespace pgcrew::bgjob
